package org.localdial.client;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.grpc.Metadata;
import io.grpc.Status;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.localdial.client.FakeServer.Hang;
import org.localdial.v1.GetUserRequest;
import org.localdial.v1.GetUserResponse;
import org.localdial.v1.ListUsersRequest;
import org.localdial.v1.ListUsersResponse;
import org.localdial.v1.PurchaseNumbersRequest;
import org.localdial.v1.RouteInboundCallRequest;
import org.localdial.v1.User;

/** Deadlines, closing, cancelling, metadata and the sizes of messages. */
class CallsTest {
    private static final GetUserRequest REQUEST =
            GetUserRequest.newBuilder().setOrganizationId("acme").setUserId("ann").build();
    /** Longer than any test waits, so that a call that ended did not end by its deadline. */
    private static final Duration LONG = Duration.ofSeconds(10 * FakeServer.PATIENCE_SECONDS);

    private FakeServer server;
    private LocaldialClient client;

    @BeforeEach
    void start() {
        server = new FakeServer();
        client = LocaldialClient.builder().address(server.address()).build();
    }

    @AfterEach
    void stop() {
        client.close();
        server.close();
    }

    @Test
    void blockingAndAsyncCallsReturnTheResponse() throws Exception {
        GetUserResponse answer = GetUserResponse.newBuilder().setUser(User.newBuilder().setUserId("ann")).build();
        server.answers(2, FakeServer.reply(answer));
        assertEquals(answer, client.directory().getUser(REQUEST));
        assertEquals(answer, client.directory().getUserAsync(REQUEST).get(5, TimeUnit.SECONDS));
        assertEquals(REQUEST, server.request(0));
        assertEquals(REQUEST, server.request(1));
    }

    @Test
    void everyCallHasADefaultDeadlineWhichIsLongerForTheCarrier() {
        client.directory().getUser(REQUEST);
        client.numberInventory().purchaseNumbers(PurchaseNumbersRequest.getDefaultInstance());
        client.directory().getUserAsync(REQUEST).join();
        assertEquals(5, server.received.get(0).secondsLeft(), 3);
        assertEquals(60, server.received.get(1).secondsLeft(), 5);
        assertEquals(5, server.received.get(2).secondsLeft(), 3);
    }

    @Test
    void theDefaultDeadlinesCanBeSetAndOverriddenForEachService() {
        try (LocaldialClient other = LocaldialClient.builder().address(server.address())
                .timeout(Duration.ofSeconds(100)).carrierTimeout(Duration.ofSeconds(200)).build()) {
            other.directory().getUser(REQUEST);
            other.numberInventory().purchaseNumbers(PurchaseNumbersRequest.getDefaultInstance());
            other.directory().withTimeout(Duration.ofSeconds(300)).getUser(REQUEST);
            other.numberInventory().withTimeout(Duration.ofSeconds(400))
                    .purchaseNumbers(PurchaseNumbersRequest.getDefaultInstance());
            other.directory().getUser(REQUEST);
        }
        double[] left = server.received.stream().mapToDouble(FakeServer.Received::secondsLeft).toArray();
        assertArrayEquals(new double[] {100, 200, 300, 400, 100}, left, 10);
    }

    @Test
    void aCallEndsAtItsDeadline() throws Exception {
        Hang hang = new Hang();
        server.answers(hang, new Hang());
        CallRouting routing = client.callRouting().withTimeout(Duration.ofMillis(200));
        var request = RouteInboundCallRequest.getDefaultInstance();
        assertThrows(DeadlineExceededException.class, () -> routing.routeInboundCall(request));
        assertTrue(Hang.within(hang.ended), "the call did not end on the server");
        CompletionException thrown =
                assertThrows(CompletionException.class, () -> routing.routeInboundCallAsync(request).join());
        assertInstanceOf(DeadlineExceededException.class, thrown.getCause());
    }

    @Test
    void aCallWhoseDeadlineHasPassedIsNotSent() {
        client.directory().getUser(REQUEST);
        assertThrows(DeadlineExceededException.class,
                () -> client.directory().withTimeout(Duration.ofMillis(-5)).getUser(REQUEST));
        assertEquals(1, server.received.size());
    }

    @Test
    void theDeadlineIncludesAllRetries() {
        server.answers(FakeServer.fail(Status.Code.UNAVAILABLE, "restarting"), new Hang());
        long start = System.nanoTime();
        assertThrows(DeadlineExceededException.class,
                () -> client.directory().withTimeout(Duration.ofSeconds(1)).getUser(REQUEST));
        assertEquals(1, (System.nanoTime() - start) / 1e9, 0.9);
        assertTrue(server.received.get(1).secondsLeft() < server.received.get(0).secondsLeft());
    }

    @Test
    void metadataAndTheUserAgentReachTheServer() {
        Metadata metadata = new Metadata();
        metadata.put(Metadata.Key.of("x-team", Metadata.ASCII_STRING_MARSHALLER), "dialer");
        Directory directory = client.directory().withMetadata(metadata);
        metadata.put(Metadata.Key.of("x-later", Metadata.ASCII_STRING_MARSHALLER), "no");
        directory.withTimeout(LONG).getUser(REQUEST);
        FakeServer.Received received = server.received.get(0);
        assertEquals("dialer", received.header("x-team"));
        assertFalse(received.headers().containsKey(Metadata.Key.of("x-later", Metadata.ASCII_STRING_MARSHALLER)));
        assertTrue(received.header("user-agent").startsWith("localdial-client-java/" + LocaldialClient.VERSION + " "));
    }

    @Test
    void aLargePageIsReceived() {
        ListUsersResponse page = ListUsersResponse.newBuilder()
                .addUsers(User.newBuilder().setDisplayName("x".repeat(8 << 20))).build();
        server.answers(FakeServer.reply(page));
        assertEquals(page, client.directory().listUsers(ListUsersRequest.getDefaultInstance()));
    }

    @Test
    void configureChannelOverridesTheSettingsOfTheClient() {
        try (LocaldialClient small = LocaldialClient.builder().address(server.address())
                .configureChannel(channel -> channel.maxInboundMessageSize(100)).build()) {
            server.answers(FakeServer.reply(GetUserResponse.newBuilder()
                    .setUser(User.newBuilder().setDisplayName("x".repeat(200))).build()));
            assertThrows(ResourceExhaustedException.class, () -> small.directory().getUser(REQUEST));
        }
    }

    @Test
    void cancellingTheFutureCancelsTheCall() throws Exception {
        Hang hang = new Hang();
        server.answers(hang);
        CompletableFuture<GetUserResponse> call = client.directory().withTimeout(LONG).getUserAsync(REQUEST);
        assertTrue(Hang.within(hang.started));
        assertTrue(call.cancel(true));
        assertTrue(Hang.within(hang.ended), "the call did not end on the server");
        assertEquals(1, server.received.size());
    }

    @Test
    void aFutureThatTimesOutCancelsTheCall() throws Exception {
        Hang hang = new Hang();
        server.answers(hang);
        CompletableFuture<GetUserResponse> call =
                client.directory().withTimeout(LONG).getUserAsync(REQUEST).orTimeout(300, TimeUnit.MILLISECONDS);
        CompletionException thrown = assertThrows(CompletionException.class, call::join);
        assertInstanceOf(TimeoutException.class, thrown.getCause());
        assertTrue(Hang.within(hang.ended), "the call did not end on the server");
    }

    @Test
    void interruptingTheThreadCancelsTheCallAndKeepsTheInterrupt() throws Exception {
        Hang hang = new Hang();
        server.answers(hang);
        CompletableFuture<Boolean> interrupted = new CompletableFuture<>();
        Thread thread = new Thread(() -> {
            try {
                client.directory().withTimeout(LONG).getUser(REQUEST);
            } catch (CancelledException expected) {
                interrupted.complete(Thread.currentThread().isInterrupted());
            }
        });
        thread.start();
        assertTrue(Hang.within(hang.started));
        thread.interrupt();
        assertTrue(interrupted.get(FakeServer.PATIENCE_SECONDS, TimeUnit.SECONDS));
        assertTrue(Hang.within(hang.ended), "the call did not end on the server");
        assertEquals(1, server.received.size());
    }

    @Test
    void closingEndsTheCallsInFlight() throws Exception {
        Hang hang = new Hang();
        server.answers(hang);
        CompletableFuture<GetUserResponse> call = client.directory().withTimeout(LONG).getUserAsync(REQUEST);
        assertTrue(Hang.within(hang.started));
        client.close();
        CompletionException thrown = assertThrows(CompletionException.class, call::join);
        CancelledException cancelled = assertInstanceOf(CancelledException.class, thrown.getCause());
        assertEquals("CANCELLED: the client was closed during the call", cancelled.getMessage());
        assertEquals(REQUEST, cancelled.getRequest().orElseThrow());
        assertTrue(Hang.within(hang.ended), "the call did not end on the server");
    }

    @Test
    void aClosedClientMakesNoCallsAndCanBeClosedAgain() {
        client.close();
        client.close();
        assertThrows(IllegalStateException.class, () -> client.directory().getUser(REQUEST));
        assertThrows(IllegalStateException.class, () -> client.directory().getUserAsync(REQUEST));
        assertTrue(server.received.isEmpty());
    }

    @Test
    void aClientConnectsWithItsFirstCallAndClosingEndsTheConnection() throws IOException {
        try (ServerSocket listener = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
            LocaldialClient idle = LocaldialClient.builder().address("127.0.0.1:" + listener.getLocalPort()).build();
            listener.setSoTimeout(300);
            assertThrows(java.net.SocketTimeoutException.class, listener::accept);
            CompletableFuture<GetUserResponse> call = idle.directory().getUserAsync(REQUEST);
            listener.setSoTimeout(20_000);
            try (Socket connection = listener.accept()) {
                idle.close();
                connection.setSoTimeout(20_000);
                while (connection.getInputStream().read() >= 0) {
                    continue; // until the end of the connection
                }
            }
            assertThrows(CompletionException.class, call::join);
        }
    }
}
