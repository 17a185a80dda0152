package org.localdial.example;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.rpc.Status;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.localdial.client.LocaldialException;
import org.localdial.v1.DestinationReason;
import org.localdial.v1.RouteInboundCallRequest;
import org.localdial.v1.RouteInboundCallResponse;

/** The destination of a call, and the settings. */
class RouterTest {
    private static final String CALLED = "+14155550100";
    private static final String CALLER = "+12125550123";
    private static final String FIRST = "+13125550150";
    private static final String SECOND = "+13125550151";
    private static final Router.Call CALL = new Router.Call(CALLED, CALLER, "c-1");
    private static final LocaldialException AWAY =
            LocaldialException.fromStatus(Status.newBuilder().setCode(14).setMessage("away").build());

    private static Router router(Function<RouteInboundCallRequest, CompletableFuture<RouteInboundCallResponse>> by) {
        return new Router(by, List.of(FIRST, SECOND));
    }

    @Test
    void aCallGoesToTheDestinationFromLocaldial() {
        RouteInboundCallResponse answer = RouteInboundCallResponse.newBuilder().setDestinationNumber("+14155550142")
                .setReason(DestinationReason.DESTINATION_REASON_LAST_CALLER)
                .setOrganizationId("acme").setUserId("ann").setShownNumber(CALLER).build();
        Router router = router(request -> {
            assertEquals(RouteInboundCallRequest.newBuilder()
                    .setCalledNumber(CALLED).setCallerNumber(CALLER).setCallId("c-1").build(), request);
            return CompletableFuture.completedFuture(answer);
        });
        assertEquals(
                Map.of("destination", "+14155550142", "reason", "LAST_CALLER",
                        "organization_id", "acme", "user_id", "ann", "shown_number", CALLER),
                router.route(CALL).join());
        assertEquals(Map.of("routed", 1L, "fell_back", 0L, "last_error", ""), router.health());
    }

    @Test
    void aCallFallsBackOnAnyFailure() {
        for (Throwable failure : List.of(AWAY, new IllegalStateException("the client is closed"))) {
            Router router = router(request -> {
                if (failure instanceof IllegalStateException closed) {
                    throw closed;
                }
                return CompletableFuture.failedFuture(failure);
            });
            Map<String, String> answer = router.route(CALL).join();
            assertEquals(FIRST, answer.get("destination"));
            assertEquals("FALLBACK", answer.get("reason"));
            assertEquals(failure == AWAY ? "UNAVAILABLE" : "UNKNOWN", answer.get("error"));
            assertEquals(1L, router.health().get("fell_back"));
        }
    }

    @Test
    void aCallerOrCallIdThatLocaldialWouldRefuseIsLeftOut() {
        List<RouteInboundCallRequest> asked = new ArrayList<>();
        Router router = router(request -> {
            asked.add(request);
            return CompletableFuture.completedFuture(RouteInboundCallResponse.getDefaultInstance());
        });
        router.route(new Router.Call(CALLED, "x".repeat(257), "not visible ASCII: \u00e9")).join();
        assertEquals(List.of(RouteInboundCallRequest.newBuilder().setCalledNumber(CALLED).build()), asked);
    }

    @Test
    void aFallbackIsNeverTheCallerOrTheCalledNumber() {
        Router router = router(request -> CompletableFuture.failedFuture(AWAY));
        assertEquals(SECOND, router.route(new Router.Call(FIRST, CALLER, "")).join().get("destination"));
        assertEquals(SECOND, router.route(new Router.Call(CALLED, FIRST, "")).join().get("destination"));
        assertFalse(router.route(new Router.Call(FIRST, SECOND, "")).join().containsKey("destination"));
    }

    @Test
    void theErrorNamesTheWrongSetting() {
        Map<String, Map<String, String>> wrong = Map.of(
                "FALLBACK_NUMBERS", Map.of(),
                "E.164", Map.of("FALLBACK_NUMBERS", "4155550100"),
                "LISTEN", Map.of("FALLBACK_NUMBERS", FIRST, "LISTEN", "8080"),
                "ROUTE_TIMEOUT_MS", Map.of("FALLBACK_NUMBERS", FIRST, "ROUTE_TIMEOUT_MS", "0"));
        wrong.forEach((name, environment) -> {
            var error = assertThrows(IllegalArgumentException.class, () -> Settings.from(environment));
            assertTrue(error.getMessage().contains(name), error.getMessage());
        });
        Settings settings = Settings.from(Map.of("FALLBACK_NUMBERS", FIRST + ", " + SECOND));
        assertEquals(List.of(FIRST, SECOND), settings.fallbackNumbers());
    }
}
