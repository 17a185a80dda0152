package org.localdial.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.Duration;
import com.google.protobuf.Message;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import io.grpc.Status.Code;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.localdial.client.FakeServer.Answer;
import org.localdial.v1.BatchResolveOutboundCallerIdsRequest;
import org.localdial.v1.BatchSetUsersRequest;
import org.localdial.v1.DeleteNumbersRequest;
import org.localdial.v1.ErrorReason;
import org.localdial.v1.PurchaseNumbersRequest;
import org.localdial.v1.ReportInboundCallOutcomeRequest;
import org.localdial.v1.ResolveOutboundCallerIdRequest;
import org.localdial.v1.RouteInboundCallRequest;
import org.localdial.v1.SetUserRequest;
import org.localdial.v1.User;

/** Which calls are retried, with which identifiers, on which server, and when retrying stops. */
class RetriesTest {
    private static final Answer UNAVAILABLE = FakeServer.fail(Code.UNAVAILABLE, "restarting");
    private static final int MAX_ATTEMPTS = 5;
    private static final SetUserRequest SET_USER = SetUserRequest.getDefaultInstance();
    private static final ResolveOutboundCallerIdRequest LEG = ResolveOutboundCallerIdRequest.newBuilder()
            .setOrganizationId("acme").setUserId("ann").setCalleeNumber("+14155550100").build();

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

    private static List<String> identifiers(Message request) {
        if (request instanceof BatchResolveOutboundCallerIdsRequest batch) {
            return batch.getRequestsList().stream().map(ResolveOutboundCallerIdRequest::getCallId).toList();
        }
        if (request instanceof ResolveOutboundCallerIdRequest leg) {
            return List.of(leg.getCallId());
        }
        if (request instanceof RouteInboundCallRequest callBack) {
            return List.of(callBack.getCallId());
        }
        var field = request.getDescriptorForType().findFieldByName("request_id");
        return List.of((String) request.getField(field));
    }

    @Test
    void aRetryHasTheSameIdentifiersAndAnotherCallHasNewOnes() {
        List<Runnable> calls = List.of(
                () -> client.numberInventory().purchaseNumbers(PurchaseNumbersRequest.getDefaultInstance()),
                () -> client.numberInventory().deleteNumbers(DeleteNumbersRequest.getDefaultInstance()),
                () -> client.callRouting().resolveOutboundCallerId(LEG),
                () -> client.callRouting().routeInboundCall(RouteInboundCallRequest.getDefaultInstance()),
                () -> client.callRouting().batchResolveOutboundCallerIds(
                        BatchResolveOutboundCallerIdsRequest.newBuilder().addRequests(LEG).addRequests(LEG).build()));
        for (Runnable call : calls) {
            server.received.clear();
            server.answers(1, UNAVAILABLE);
            call.run();
            call.run();
            assertEquals(3, server.received.size());
            List<String> first = identifiers(server.request(0));
            first.forEach(each -> assertEquals(7, UUID.fromString(each).version()));
            assertEquals(first.size(), new HashSet<>(first).size());
            assertEquals(server.request(0), server.request(1));
            assertNotEquals(first.get(0), identifiers(server.request(2)).get(0));
        }
    }

    @Test
    void aRequestThatNeedsNoIdentifierIsSentUnchanged() {
        client.numberInventory().purchaseNumbers(PurchaseNumbersRequest.newBuilder().setRequestId("mine").build());
        client.callRouting().resolveOutboundCallerId(LEG.toBuilder().setCallId("mine").build());
        client.callRouting().resolveOutboundCallerId(LEG.toBuilder().setValidateOnly(true).build());
        client.callRouting().routeInboundCall(RouteInboundCallRequest.newBuilder().setCallId("mine").build());
        client.callRouting().reportInboundCallOutcome(ReportInboundCallOutcomeRequest.getDefaultInstance());
        assertEquals("mine", identifiers(server.request(0)).get(0));
        assertEquals("mine", identifiers(server.request(1)).get(0));
        assertEquals("", identifiers(server.request(2)).get(0));
        assertEquals("mine", identifiers(server.request(3)).get(0));
        assertEquals(ReportInboundCallOutcomeRequest.getDefaultInstance(), server.request(4));
    }

    @Test
    void fillSetsOnlyTheMissingIdentifiersAndReturnsACopy() {
        PurchaseNumbersRequest filled = RequestIds.fill(PurchaseNumbersRequest.getDefaultInstance());
        assertFalse(filled.getRequestId().isEmpty());
        assertSame(filled, RequestIds.fill(filled));
        var batch = BatchResolveOutboundCallerIdsRequest.newBuilder().addRequests(LEG)
                .addRequests(LEG.toBuilder().setCallId("mine"))
                .addRequests(LEG.toBuilder().setValidateOnly(true)).build();
        List<String> ids = identifiers(RequestIds.fill(batch));
        assertFalse(ids.get(0).isEmpty());
        assertEquals(List.of("mine", ""), ids.subList(1, 3));
        assertEquals(List.of("", "mine", ""), identifiers(batch));
    }

    @ParameterizedTest
    @EnumSource(value = Code.class, names = {"UNAVAILABLE", "CANCELLED"})
    void aCallGivesUpAfterFiveAttempts(Code code) {
        server.answers(MAX_ATTEMPTS + 1, FakeServer.fail(code, "restarting"));
        LocaldialException error = assertThrows(LocaldialException.class, () -> client.directory().setUser(SET_USER));
        assertEquals(code, error.getCode());
        assertEquals(code == Code.CANCELLED ? "restarting" : server.address() + ": restarting, 5 attempts",
                error.getDescription());
        assertEquals(MAX_ATTEMPTS, server.received.size());
    }

    @Test
    void theLargestRequestIsRetried() {
        BatchSetUsersRequest.Builder users = BatchSetUsersRequest.newBuilder();
        for (int index = 0; index < 1000; index++) {
            users.addUsers(User.newBuilder().setOrganizationId("o".repeat(128)).setUserId("u".repeat(128))
                    .setDisplayName("\u20ac".repeat(600)));
        }
        server.answers(UNAVAILABLE);
        client.directory().batchSetUsers(users.build());
        assertTrue(users.build().getSerializedSize() > 1 << 20);
        assertEquals(users.build(), server.request(1));
    }

    @Test
    void retryingStopsWhileAServiceIsDownAndResumesWhenItIsUp() {
        server.answers(1000, UNAVAILABLE);
        List<CompletableFuture<?>> calls = new ArrayList<>();
        for (int index = 0; index < 100; index++) {
            calls.add(client.directory().setUserAsync(SET_USER));
        }
        calls.forEach(call -> assertThrows(CompletionException.class, call::join));
        assertEquals(1, attempts());
        server.forgetAnswers();
        for (int index = 0; index < 150; index++) {
            client.directory().setUser(SET_USER);
        }
        server.answers(UNAVAILABLE);
        assertEquals(2, attempts());
    }

    /** Makes one more call. Returns how many attempts reached the server. */
    private int attempts() {
        int before = server.received.size();
        try {
            client.directory().setUser(SET_USER);
        } catch (UnavailableException expected) {
            return server.received.size() - before;
        }
        return server.received.size() - before;
    }

    @Test
    void callsAreSpreadOverSeveralServersAndARetryGoesToAnother() {
        try (FakeServer healthy = new FakeServer();
                LocaldialClient both =
                        server.client().address("localhost:" + healthy.address().split(":")[1]).build()) {
            for (int tries = 0; healthy.received.isEmpty() || server.received.isEmpty(); tries++) {
                assertTrue(tries < 1000, "one of the servers gets no calls");
                both.directory().setUser(SET_USER);
            }
            server.received.clear();
            healthy.received.clear();
            for (int index = 0; index < 10; index++) {
                both.directory().setUser(SET_USER);
            }
            assertEquals(5, healthy.received.size());
            server.answers(MAX_ATTEMPTS, UNAVAILABLE);
            for (int index = 0; index < 4; index++) {
                both.directory().setUser(SET_USER);
            }
            assertEquals(9, healthy.received.size());
        }
    }

    @Test
    void noCallFailsWhileOneOfTwoServersIsStopped() {
        try (FakeServer other = new FakeServer();
                LocaldialClient both = server.client().address(other.address()).build()) {
            for (int index = 0; index < 10; index++) {
                both.directory().setUser(SET_USER);
            }
            int port = server.stop();
            for (int index = 0; index < 50; index++) {
                both.directory().setUser(SET_USER);
            }
            server.received.clear();
            server.start(port);
            while (server.received.isEmpty()) {
                both.directory().setUser(SET_USER);
            }
        }
    }

    /** gRPC's own backoff reconnects after about 1, 2.6, 5.2, 9.3 and 15.9 s. */
    @Test
    void aServerThatWasAwayForLongIsReconnectedSoon() throws InterruptedException {
        int port = server.stop();
        FlakyNames names = new FlakyNames();
        try (FakeServer other = new FakeServer();
                LocaldialClient alone = FakeServer.client("127.0.0.1:" + port).build();
                LocaldialClient besideAnother = FakeServer.client("127.0.0.1:" + port).address(other.address()).build();
                LocaldialClient byName = FakeServer.client("flaky:///localdial").build()) {
            besideAnother.directory().setUser(SET_USER);
            assertThrows(UnavailableException.class, () -> alone.directory().setUser(SET_USER));
            assertThrows(UnavailableException.class, () -> byName.directory().setUser(SET_USER));
            Thread.sleep(9500);
            server.start(port);
            names.resolveTo(server.address());
            long start = System.nanoTime();
            for (LocaldialClient each : List.of(alone, besideAnother, byName)) {
                server.received.clear();
                awaitACallFrom(each);
            }
            double seconds = (System.nanoTime() - start) / 1e9;
            assertTrue(seconds < 2.5, "it took " + seconds + " s");
        } finally {
            names.deregister();
        }
    }

    private void awaitACallFrom(LocaldialClient client) {
        long start = System.nanoTime();
        while (server.received.isEmpty()) {
            try {
                client.directory().setUser(SET_USER);
            } catch (UnavailableException notYet) {
                assertTrue(System.nanoTime() - start < FakeServer.PATIENCE_SECONDS * 1e9, "it is not reconnected");
            }
        }
    }

    /** The refusal of a server, with its reason and how long to wait. */
    private static Answer refusal(String reason, int delayMillis) {
        Duration delay = Duration.newBuilder().setSeconds(delayMillis / 1000).setNanos(delayMillis % 1000 * 1_000_000).build();
        return FakeServer.fail(Code.RESOURCE_EXHAUSTED, "refused",
                ErrorInfo.newBuilder().setDomain("localdial").setReason(reason).build(),
                RetryInfo.newBuilder().setRetryDelay(delay).build());
    }

    @Test
    void aCallThatAnOverloadedServerRefusesIsRepeatedAfterTheDelay() {
        for (Runnable call : List.<Runnable>of(
                () -> client.directory().setUser(SET_USER), () -> client.directory().setUserAsync(SET_USER).join())) {
            server.received.clear();
            server.answers(refusal("OVERLOADED", 300), refusal("OVERLOADED", 0));
            long start = System.nanoTime();
            call.run();
            assertTrue(System.nanoTime() - start >= 300_000_000);
            assertEquals(3, server.received.size());
        }
    }

    @Test
    void anOverloadIsReportedIfTheDelayExceedsTheTimeLeft() {
        server.answers(refusal("OVERLOADED", 60_000));
        LocaldialException error =
                assertThrows(LocaldialException.class, () -> client.directory().setUser(SET_USER));
        assertTrue(error.hasReason(ErrorReason.ERROR_REASON_OVERLOADED));
        assertEquals(1, server.received.size());
    }

    @ParameterizedTest
    @ValueSource(strings = {"NUMBER_LIMIT_REACHED", "PURCHASE_LIMIT_REACHED", "REQUEST_TOO_LARGE"})
    void aLimitIsNotTriedAgain(String reason) {
        server.answers(refusal(reason, 10));
        LocaldialException error =
                assertThrows(LocaldialException.class, () -> client.directory().setUser(SET_USER));
        assertEquals(reason, error.getReason());
        assertEquals(1, server.received.size());
    }
}
