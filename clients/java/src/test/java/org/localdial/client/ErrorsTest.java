package org.localdial.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import com.google.rpc.Help;
import com.google.rpc.RetryInfo;
import com.google.rpc.Status;
import io.grpc.NameResolver;
import io.grpc.NameResolverProvider;
import io.grpc.NameResolverRegistry;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;
import org.localdial.v1.BatchSetUsersRequest;
import org.localdial.v1.ErrorReason;
import org.localdial.v1.GetUserRequest;
import org.localdial.v1.PurchaseNumbersRequest;

/** The exceptions of failed calls, and their content. */
class ErrorsTest {
    private static final ErrorInfo USER_NOT_FOUND = ErrorInfo.newBuilder().setDomain("localdial")
            .setReason("USER_NOT_FOUND").putMetadata("organization_id", "acme").putMetadata("user_id", "ann").build();
    private static final ErrorInfo INVALID_FIELDS =
            ErrorInfo.newBuilder().setDomain("localdial").setReason("INVALID_FIELDS").build();
    private static final BadRequest BAD_FIELDS = BadRequest.newBuilder()
            .addFieldViolations(violation("user_id", "is required"))
            .addFieldViolations(violation("organization_id", "must be visible ASCII")).build();

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

    private static BadRequest.FieldViolation violation(String field, String description) {
        return BadRequest.FieldViolation.newBuilder().setField(field).setDescription(description).build();
    }

    private LocaldialException failure() {
        return assertThrows(LocaldialException.class,
                () -> client.directory().getUser(GetUserRequest.getDefaultInstance()));
    }

    /** Returns the class for a status, such as {@code NotFoundException}, or the base class if it has none. */
    private static String className(Code code) {
        StringBuilder name = new StringBuilder();
        for (String word : code.name().split("_")) {
            name.append(word.charAt(0)).append(word.substring(1).toLowerCase());
        }
        try {
            return Class.forName("org.localdial.client." + name + "Exception").getSimpleName();
        } catch (ClassNotFoundException none) {
            return "LocaldialException";
        }
    }

    @ParameterizedTest
    @EnumSource(value = Code.class, mode = Mode.EXCLUDE, names = {"OK", "UNAVAILABLE", "CANCELLED"})
    void eachStatusIsThrownAsItsClassAndIsNotRetried(Code code) {
        server.answers(FakeServer.fail(code, "for people", USER_NOT_FOUND));
        LocaldialException error = failure();
        assertEquals(className(code), error.getClass().getSimpleName());
        assertEquals(code, error.getCode());
        assertEquals("for people", error.getDescription());
        assertEquals("USER_NOT_FOUND", error.getReason());
        assertEquals(1, server.received.size());
    }

    @Test
    void onlyStatusesThatTheServiceNeverSendsHaveNoClass() {
        Set<String> without = new TreeSet<>();
        for (Code code : Code.values()) {
            if (code != Code.OK && className(code).equals("LocaldialException")) {
                without.add(code.name());
            }
        }
        assertEquals(Set.of("UNKNOWN", "ABORTED", "OUT_OF_RANGE", "DATA_LOSS"), without);
    }

    @ParameterizedTest
    @EnumSource(value = ErrorReason.class, mode = Mode.EXCLUDE, names = {"UNRECOGNIZED", "ERROR_REASON_UNSPECIFIED"})
    void everyReasonOfTheContractIsRecognized(ErrorReason reason) {
        String name = reason.name().substring("ERROR_REASON_".length());
        ErrorInfo info = ErrorInfo.newBuilder().setDomain("localdial").setReason(name).putMetadata("a", "b").build();
        LocaldialException error = LocaldialException.fromStatus(FakeServer.status(Code.ABORTED, "x", info));
        assertEquals(name, error.getReason());
        assertTrue(error.hasReason(reason));
        assertFalse(error.hasReason(ErrorReason.UNRECOGNIZED));
        assertEquals(Map.of("a", "b"), error.getMetadata());
    }

    @Test
    void anExceptionHasItsReasonMetadataAndCause() {
        server.answers(FakeServer.fail(Code.NOT_FOUND, "no such user", USER_NOT_FOUND));
        NotFoundException error = assertInstanceOf(NotFoundException.class, failure());
        assertEquals(Map.of("organization_id", "acme", "user_id", "ann"), error.getMetadata());
        assertEquals(List.of(), error.getFieldViolations());
        assertEquals(Optional.empty(), error.getRetryDelay());
        assertInstanceOf(StatusRuntimeException.class, error.getCause());
        assertEquals("NOT_FOUND (USER_NOT_FOUND): no such user", error.getMessage());
    }

    @Test
    void anExceptionHasEveryInvalidField() {
        server.answers(FakeServer.fail(Code.INVALID_ARGUMENT, "2 fields are wrong", INVALID_FIELDS, BAD_FIELDS));
        InvalidArgumentException error = assertInstanceOf(InvalidArgumentException.class, failure());
        assertEquals(
                List.of(
                        new FieldViolation("user_id", "is required"),
                        new FieldViolation("organization_id", "must be visible ASCII")),
                error.getFieldViolations());
        assertEquals(
                "INVALID_ARGUMENT (INVALID_FIELDS): user_id: is required; organization_id: must be visible ASCII",
                error.getMessage());
    }

    /** They come in the trailing metadata, which gRPC limits to 8 KiB by default. */
    @Test
    void anExceptionHasThousandsOfInvalidFields() {
        BadRequest.Builder many = BadRequest.newBuilder();
        for (int index = 0; index < 4000; index++) {
            many.addFieldViolations(violation("users[" + index + "].user_id", "must be a phone: " + "x".repeat(80)));
        }
        server.answers(FakeServer.fail(Code.INVALID_ARGUMENT, "wrong", INVALID_FIELDS, many.build()));
        InvalidArgumentException error = assertThrows(InvalidArgumentException.class,
                () -> client.directory().batchSetUsers(BatchSetUsersRequest.getDefaultInstance()));
        assertEquals(4000, error.getFieldViolations().size());
        assertTrue(error.hasReason(ErrorReason.ERROR_REASON_INVALID_FIELDS));
    }

    @ParameterizedTest
    @CsvSource({"600, 598", "2, 0", "1, 0", "many, 0"})
    void anExceptionSaysHowManyInvalidFieldsTheServiceDoesNotList(String total, int unlisted) {
        ErrorInfo info = INVALID_FIELDS.toBuilder().putMetadata("violation_count", total).build();
        server.answers(FakeServer.fail(Code.INVALID_ARGUMENT, "wrong", info, BAD_FIELDS));
        LocaldialException error = failure();
        assertEquals(unlisted, error.getUnlistedViolations());
        String end = unlisted > 0 ? "must be visible ASCII; and 598 more" : "must be visible ASCII";
        assertTrue(error.getMessage().endsWith(end), error.getMessage());
    }

    @Test
    void theRetryDelayIsDecoded() {
        RetryInfo delay = RetryInfo.newBuilder().setRetryDelay(
                com.google.protobuf.Duration.newBuilder().setSeconds(2).setNanos(500_000_000)).build();
        server.answers(FakeServer.fail(Code.ABORTED, "later", INVALID_FIELDS, delay));
        assertEquals(Duration.ofMillis(2500), failure().getRetryDelay().orElseThrow());
    }

    @Test
    void detailsOfOtherTypesAndDomainsAreIgnored() {
        ErrorInfo proxy = ErrorInfo.newBuilder().setDomain("proxy.example").setReason("TOO_BUSY").build();
        server.answers(
                FakeServer.fail(Code.NOT_FOUND, "no", Help.getDefaultInstance(), USER_NOT_FOUND, proxy),
                FakeServer.fail(Code.ABORTED, "busy", proxy));
        assertEquals("USER_NOT_FOUND", failure().getReason());
        LocaldialException foreign = failure();
        assertEquals("", foreign.getReason());
        assertEquals("ABORTED: busy", foreign.getMessage());
    }

    @Test
    void malformedDetailsDoNotHideTheError() {
        Status broken = Status.newBuilder()
                .addDetails(Any.newBuilder().setTypeUrl("type.googleapis.com/google.rpc.ErrorInfo")
                        .setValue(ByteString.copyFrom(new byte[] {-1})))
                .addDetails(Any.pack(BAD_FIELDS)).build();
        server.answers(
                FakeServer.failRaw(Code.NOT_FOUND, "no such user", new byte[] {-1, -1}),
                FakeServer.failRaw(Code.NOT_FOUND, "no such user", broken.toByteArray()));
        LocaldialException unreadable = assertInstanceOf(NotFoundException.class, failure());
        assertEquals("no such user", unreadable.getDescription());
        assertEquals("", unreadable.getReason());
        LocaldialException inPart = failure();
        assertEquals("no such user", inPart.getDescription());
        assertEquals("user_id", inPart.getFieldViolations().get(0).field());
    }

    /** Without it, a purchase whose response was lost could not be repeated safely. */
    @Test
    void anExceptionHasTheRequestAsItWasSent() {
        server.answers(FakeServer.fail(Code.INTERNAL, "a fault"));
        PurchaseNumbersRequest request = PurchaseNumbersRequest.newBuilder().setAreaCode("415").build();
        LocaldialException error =
                assertThrows(InternalException.class, () -> client.numberInventory().purchaseNumbers(request));
        PurchaseNumbersRequest sent = (PurchaseNumbersRequest) server.request(0);
        assertFalse(sent.getRequestId().isEmpty());
        assertEquals(sent, error.getRequest().orElseThrow());
        assertEquals("INTERNAL: a fault [request_id " + sent.getRequestId() + "]", error.getMessage());
    }

    @Test
    void aServerThatIsNotThereIsUnavailable() {
        String address = server.address();
        server.stop();
        UnavailableException error = assertInstanceOf(UnavailableException.class, failure());
        assertEquals("", error.getReason());
        assertTrue(error.getMessage().matches(
                "UNAVAILABLE: .*refused.*" + address + ".*, 5 attempts"), error.getMessage());
    }

    @Test
    void aCallThatRunsOutOfTimeSaysWhyItsAttemptsFailed() {
        String address = server.address();
        server.stop();
        var directory = client.directory().withTimeout(Duration.ofMillis(400));
        var error = assertThrows(DeadlineExceededException.class,
                () -> directory.getUser(GetUserRequest.getDefaultInstance()));
        assertTrue(error.getMessage().matches(
                "DEADLINE_EXCEEDED: .*; .*refused.*" + address + ".*, \\d attempts?"), error.getMessage());
    }

    @Test
    void aCallThatRunsOutOfTimeBeforeItsServerIsFoundSaysWhichServer() {
        NameResolverProvider unanswered = new UnansweredNames();
        NameResolverRegistry.getDefaultRegistry().register(unanswered);
        try (LocaldialClient waiting = LocaldialClient.builder().address("unanswered:///localdial.example").build()) {
            var directory = waiting.directory().withTimeout(Duration.ofMillis(100));
            var error = assertThrows(DeadlineExceededException.class,
                    () -> directory.getUser(GetUserRequest.getDefaultInstance()));
            assertTrue(error.getMessage().endsWith("; not sent to unanswered:///localdial.example, 0 attempts"),
                    error.getMessage());
        } finally {
            NameResolverRegistry.getDefaultRegistry().deregister(unanswered);
        }
    }

    /** Never resolves a name. */
    private static final class UnansweredNames extends NameResolverProvider {
        @Override
        protected boolean isAvailable() {
            return true;
        }

        @Override
        protected int priority() {
            return 5;
        }

        @Override
        public String getDefaultScheme() {
            return "unanswered";
        }

        @Override
        public NameResolver newNameResolver(URI target, NameResolver.Args arguments) {
            return new NameResolver() {
                @Override
                public String getServiceAuthority() {
                    return "localdial.example";
                }

                @Override
                public void start(Listener2 listener) {
                    // The answer never comes.
                }

                @Override
                public void shutdown() {
                    // Nothing is open.
                }
            };
        }
    }

    @Test
    void aCallWhoseServerStopsIsUnavailable() throws Exception {
        FakeServer.Hang hang = new FakeServer.Hang();
        server.answers(hang);
        var call = client.directory().getUserAsync(GetUserRequest.getDefaultInstance());
        assertTrue(FakeServer.Hang.within(hang.started));
        server.stop();
        var thrown = assertThrows(java.util.concurrent.CompletionException.class, call::join);
        assertInstanceOf(UnavailableException.class, thrown.getCause());
    }

    @Test
    void fromStatusReturnsTheExceptionForAStatusInsideAResponse() {
        LocaldialException error =
                LocaldialException.fromStatus(FakeServer.status(Code.NOT_FOUND, "no such user", USER_NOT_FOUND));
        assertInstanceOf(NotFoundException.class, error);
        assertEquals("NOT_FOUND (USER_NOT_FOUND): no such user", error.getMessage());
        assertEquals(Optional.empty(), error.getRequest());
        assertEquals(null, error.getCause());
        Status status = Status.newBuilder().setCode(99).setMessage("odd").build();
        LocaldialException odd = LocaldialException.fromStatus(status);
        assertEquals(Code.UNKNOWN, odd.getCode());
        assertEquals("odd", odd.getDescription());
        assertThrows(IllegalArgumentException.class, () -> LocaldialException.fromStatus(Status.getDefaultInstance()));
    }
}
