package org.localdial.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.google.rpc.ErrorInfo;
import io.grpc.Status.Code;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.localdial.v1.BatchResolveOutboundCallerIdsRequest;
import org.localdial.v1.BatchResolveOutboundCallerIdsResponse;
import org.localdial.v1.BatchResolveOutboundCallerIdsResult;
import org.localdial.v1.DirectoryGrpc;
import org.localdial.v1.GetOrganizationRequest;
import org.localdial.v1.GetOrganizationResponse;
import org.localdial.v1.MapAreaCodesRequest;
import org.localdial.v1.MapAreaCodesResponse;
import org.localdial.v1.Organization;
import org.localdial.v1.ResolveOutboundCallerIdRequest;
import org.localdial.v1.ResolveOutboundCallerIdResponse;
import org.localdial.v1.SetOrganizationRequest;
import org.localdial.v1.SetOrganizationResponse;
import org.localdial.v1.SetUserRequest;
import org.localdial.v1.SetUserResponse;
import org.localdial.v1.User;

/** Reading your own writes. */
class RevisionsTest {
    private static final ResolveOutboundCallerIdRequest LEG =
            ResolveOutboundCallerIdRequest.newBuilder().setOrganizationId("acme").build();
    private static final ErrorInfo NOT_REACHED =
            ErrorInfo.newBuilder().setDomain("localdial").setReason("REVISION_NOT_REACHED").build();

    private FakeServer server;
    private LocaldialClient client;

    @BeforeEach
    void start() {
        server = new FakeServer();
        client = server.client().build();
    }

    @AfterEach
    void stop() {
        client.close();
        server.close();
    }

    private void setUser(LocaldialClient by, String organization, long revision) {
        server.answers(FakeServer.reply(SetUserResponse.newBuilder().setRevision(revision).build()));
        User user = User.newBuilder().setOrganizationId(organization).setUserId("ann").build();
        by.directory().setUser(SetUserRequest.newBuilder().setUser(user).build());
    }

    /** Makes a call to resolve. Returns the min_revision that it sent. */
    private long sentMinRevision(LocaldialClient by, ResolveOutboundCallerIdRequest leg) {
        by.callRouting().resolveOutboundCallerId(leg);
        return ((ResolveOutboundCallerIdRequest) server.request(server.received.size() - 1)).getMinRevision();
    }

    private long sentMinRevision() {
        return sentMinRevision(client, LEG);
    }

    @Test
    void theHighestRevisionOfEachOrganizationIsSent() {
        assertEquals(0, sentMinRevision());
        setUser(client, "acme", 7);
        setUser(client, "acme", 5);
        setUser(client, "globex", 3);
        assertEquals(7, sentMinRevision());
        assertEquals(3, sentMinRevision(client, LEG.toBuilder().setOrganizationId("globex").build()));
        assertEquals(0, sentMinRevision(client, LEG.toBuilder().setOrganizationId("initech").build()));
    }

    @Test
    void aMinRevisionOfTheCallerIsSentUnchanged() {
        setUser(client, "acme", 7);
        assertEquals(2, sentMinRevision(client, LEG.toBuilder().setMinRevision(2).build()));
    }

    @Test
    void theRevisionOfEveryKindOfChangeIsRemembered() {
        server.answers(FakeServer.reply(SetOrganizationResponse.newBuilder().setRevision(4).build()));
        Organization acme = Organization.newBuilder().setOrganizationId("acme").build();
        SetOrganizationRequest change = SetOrganizationRequest.newBuilder().setOrganization(acme).build();
        client.directory().setOrganizationAsync(change).join();
        assertEquals(4, sentMinRevision());
        server.answers(FakeServer.reply(MapAreaCodesResponse.newBuilder().setRevision(9).build()));
        client.numberInventory().mapAreaCodes(MapAreaCodesRequest.newBuilder().setOrganizationId("acme").build());
        assertEquals(9, sentMinRevision());
    }

    @Test
    void theRevisionInAResponseThatChangesNothingIsNotRemembered() {
        server.answers(
                FakeServer.reply(ResolveOutboundCallerIdResponse.newBuilder().setRevision(8).build()),
                FakeServer.reply(GetOrganizationResponse.newBuilder()
                        .setOrganization(Organization.newBuilder().setRevision(8)).build()));
        client.callRouting().resolveOutboundCallerId(LEG);
        client.directory().getOrganization(GetOrganizationRequest.newBuilder().setOrganizationId("acme").build());
        assertEquals(0, sentMinRevision());
    }

    @Test
    void eachLegOfABatchSendsTheRevisionOfItsOrganization() {
        setUser(client, "acme", 7);
        client.callRouting().batchResolveOutboundCallerIds(BatchResolveOutboundCallerIdsRequest.newBuilder()
                .addRequests(LEG).addRequests(LEG.toBuilder().setMinRevision(2))
                .addRequests(LEG.toBuilder().setOrganizationId("globex")).build());
        var batch = (BatchResolveOutboundCallerIdsRequest) server.request(1);
        assertEquals(List.of(7L, 2L, 0L),
                batch.getRequestsList().stream().map(ResolveOutboundCallerIdRequest::getMinRevision).toList());
    }

    @Test
    void aRevisionThatIsNotReachedIsForgotten() {
        setUser(client, "acme", 7);
        server.answers(FakeServer.fail(Code.FAILED_PRECONDITION, "not reached", NOT_REACHED));
        var error = assertThrows(FailedPreconditionException.class, this::sentMinRevision);
        assertEquals("REVISION_NOT_REACHED", error.getReason());
        assertEquals(0, sentMinRevision());
    }

    @Test
    void anUnreachedMinRevisionOfTheCallerErasesNothing() {
        setUser(client, "acme", 7);
        server.answers(FakeServer.fail(Code.FAILED_PRECONDITION, "not reached", NOT_REACHED));
        ResolveOutboundCallerIdRequest own = LEG.toBuilder().setMinRevision(99).build();
        assertThrows(FailedPreconditionException.class, () -> sentMinRevision(client, own));
        assertEquals(7, sentMinRevision());
    }

    @Test
    void aBatchForgetsOnlyTheRevisionOfTheLegThatDidNotReachIt() {
        setUser(client, "acme", 7);
        setUser(client, "globex", 3);
        var notReached = FakeServer.status(Code.FAILED_PRECONDITION, "not reached", NOT_REACHED);
        server.answers(FakeServer.reply(BatchResolveOutboundCallerIdsResponse.newBuilder()
                .addResults(BatchResolveOutboundCallerIdsResult.getDefaultInstance())
                .addResults(BatchResolveOutboundCallerIdsResult.newBuilder().setStatus(notReached)).build()));
        ResolveOutboundCallerIdRequest globex = LEG.toBuilder().setOrganizationId("globex").build();
        client.callRouting().batchResolveOutboundCallerIds(
                BatchResolveOutboundCallerIdsRequest.newBuilder().addRequests(LEG).addRequests(globex).build());
        assertEquals(7, sentMinRevision());
        assertEquals(0, sentMinRevision(client, globex));
    }

    @Test
    void readYourWritesCanBeTurnedOff() {
        try (LocaldialClient off =
                LocaldialClient.builder().address(server.address()).readYourWrites(false).build()) {
            setUser(off, "acme", 7);
            assertEquals(0, sentMinRevision(off, LEG));
        }
    }

    @Test
    void theLeastRecentlyUsedOrganizationIsForgotten() {
        Revisions revisions = new Revisions();
        for (int index = 0; index <= Revisions.MAX_ORGANIZATIONS; index++) {
            // "org-0" is used in every round.
            revisions.withMinRevision(LEG.toBuilder().setOrganizationId("org-0").build());
            User user = User.newBuilder().setOrganizationId("org-" + index).build();
            revisions.learn(DirectoryGrpc.getSetUserMethod(), SetUserRequest.newBuilder().setUser(user).build(),
                    SetUserResponse.newBuilder().setRevision(1).build());
        }
        assertEquals(1, revisions.withMinRevision(LEG.toBuilder().setOrganizationId("org-0").build()).getMinRevision());
        assertEquals(0, revisions.withMinRevision(LEG.toBuilder().setOrganizationId("org-1").build()).getMinRevision());
        assertEquals(1, revisions.withMinRevision(LEG.toBuilder().setOrganizationId("org-2").build()).getMinRevision());
    }
}
