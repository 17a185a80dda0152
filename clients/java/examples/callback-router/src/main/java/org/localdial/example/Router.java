package org.localdial.example;

import io.grpc.Status.Code;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Function;
import org.localdial.client.LocaldialException;
import org.localdial.v1.DestinationReason;
import org.localdial.v1.RouteInboundCallRequest;
import org.localdial.v1.RouteInboundCallResponse;

/** Decides where a call goes: to the destination from localdial, or else to a fallback number. */
final class Router {
    private static final System.Logger LOG = System.getLogger(Router.class.getName());
    private static final String REASON_PREFIX = "DESTINATION_REASON_";
    private static final int MAX_CALLER_LENGTH = 256;

    private final Function<RouteInboundCallRequest, CompletableFuture<RouteInboundCallResponse>> localdial;
    private final List<String> fallbackNumbers;
    private final LongAdder routed = new LongAdder();
    private final LongAdder fellBack = new LongAdder();
    private volatile String lastError = "";

    /** {@code localdial} is the client's method that routes a call, with its deadline. */
    Router(
            Function<RouteInboundCallRequest, CompletableFuture<RouteInboundCallResponse>> localdial,
            List<String> fallbackNumbers) {
        this.localdial = localdial;
        this.fallbackNumbers = List.copyOf(fallbackNumbers);
    }

    /** An inbound call as the PBX describes it. What the PBX does not know is empty. */
    record Call(String called, String caller, String callId) {
    }

    /** Returns the answer for the PBX, as the fields of a JSON object. The future never fails. */
    CompletableFuture<Map<String, String>> route(Call call) {
        try {
            return localdial.apply(request(call)).handle((answer, thrown) ->
                    thrown == null ? routed(call, answer) : fallback(call, thrown));
        } catch (IllegalStateException closed) {
            return CompletableFuture.completedFuture(fallback(call, closed));
        }
    }

    /** Leaves out a caller or call ID that localdial would refuse, so that the call can still be routed. */
    private static RouteInboundCallRequest request(Call call) {
        RouteInboundCallRequest.Builder request = RouteInboundCallRequest.newBuilder().setCalledNumber(call.called());
        if (call.caller().length() <= MAX_CALLER_LENGTH) {
            request.setCallerNumber(call.caller());
        }
        if (call.callId().matches("[!-~]{1,128}")) {
            request.setCallId(call.callId());
        }
        return request.build();
    }

    /** Returns the fallback destination of a call that localdial did not route, and the error. */
    Map<String, String> fallback(Call call, String error, String errorReason) {
        fellBack.increment();
        Map<String, String> fields = new LinkedHashMap<>();
        // A call back to the caller or to the called number would be a loop.
        fallbackNumbers.stream()
                .filter(number -> !number.equals(call.called()) && !number.equals(call.caller()))
                .findFirst()
                .ifPresent(number -> fields.put("destination", number));
        fields.put("reason", "FALLBACK");
        fields.put("error", error);
        fields.put("error_reason", errorReason);
        return fields;
    }

    /** Returns the number of routed calls and fallbacks, and the error of the last call. */
    Map<String, Object> health() {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("routed", routed.sum());
        fields.put("fell_back", fellBack.sum());
        // Empty if the last call was routed.
        fields.put("last_error", lastError);
        return fields;
    }

    private Map<String, String> routed(Call call, RouteInboundCallResponse answer) {
        routed.increment();
        lastError = "";
        String reason = answer.getReason() == DestinationReason.UNRECOGNIZED
                ? "UNKNOWN" : answer.getReason().name().substring(REASON_PREFIX.length());
        LOG.log(System.Logger.Level.INFO, "call {0} to {1}: {2}", call.callId(), call.called(), reason);
        Map<String, String> fields = new LinkedHashMap<>();
        fields.put("destination", answer.getDestinationNumber());
        fields.put("reason", reason);
        fields.put("organization_id", answer.getOrganizationId());
        fields.put("user_id", answer.getUserId());
        fields.put("shown_number", answer.getShownNumber());
        return fields;
    }

    private Map<String, String> fallback(Call call, Throwable thrown) {
        Throwable cause = thrown instanceof CompletionException ? thrown.getCause() : thrown;
        LOG.log(System.Logger.Level.WARNING, "call {0} to {1} falls back: {2}", call.callId(), call.called(), cause);
        Code code = cause instanceof LocaldialException error ? error.getCode() : Code.UNKNOWN;
        String reason = cause instanceof LocaldialException error ? error.getReason() : "";
        lastError = code.name();
        return fallback(call, code.name(), reason);
    }
}
