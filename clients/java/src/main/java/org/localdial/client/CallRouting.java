package org.localdial.client;

import java.util.concurrent.CompletableFuture;
import org.localdial.v1.BatchResolveOutboundCallerIdsRequest;
import org.localdial.v1.BatchResolveOutboundCallerIdsResponse;
import org.localdial.v1.CallRoutingGrpc;
import org.localdial.v1.ListOutboundCallsRequest;
import org.localdial.v1.ListOutboundCallsResponse;
import org.localdial.v1.OutboundCall;
import org.localdial.v1.ResolveOutboundCallerIdRequest;
import org.localdial.v1.ResolveOutboundCallerIdResponse;
import org.localdial.v1.RouteInboundCallRequest;
import org.localdial.v1.RouteInboundCallResponse;

/**
 * Which caller ID an outbound call shows, and where a call-back goes.
 *
 * <p>Requests and responses are documented in {@code org.localdial.v1}. Every method throws a
 * {@link LocaldialException}, its subclass by the status, when the call fails; and IllegalStateException when the
 * client is closed.
 */
public final class CallRouting extends ServiceCalls<CallRouting> {
    CallRouting(Caller caller) {
        super(caller);
    }

    @Override
    CallRouting with(Caller other) {
        return new CallRouting(other);
    }

    /**
     * Decides which caller ID the callee is shown, and records the call.
     *
     * @param request the leg
     * @return the caller ID, and why
     * @throws LocaldialException if it fails
     */
    public ResolveOutboundCallerIdResponse resolveOutboundCallerId(ResolveOutboundCallerIdRequest request) {
        return caller.call(CallRoutingGrpc.getResolveOutboundCallerIdMethod(), request);
    }

    /**
     * The same without waiting, as {@link #resolveOutboundCallerId}. Cancelling the future cancels the call.
     *
     * @param request the leg
     * @return the caller ID, and why; or a {@link LocaldialException}
     */
    public CompletableFuture<ResolveOutboundCallerIdResponse> resolveOutboundCallerIdAsync(
            ResolveOutboundCallerIdRequest request) {
        return caller.callAsync(CallRoutingGrpc.getResolveOutboundCallerIdMethod(), request);
    }

    /**
     * Resolves many legs in one call, each on its own. {@link LocaldialException#fromStatus} reads the status of one
     * that failed.
     *
     * @param request the legs
     * @return a result for each leg, in their order
     * @throws LocaldialException if it fails
     */
    public BatchResolveOutboundCallerIdsResponse batchResolveOutboundCallerIds(
            BatchResolveOutboundCallerIdsRequest request) {
        return caller.call(CallRoutingGrpc.getBatchResolveOutboundCallerIdsMethod(), request);
    }

    /**
     * The same without waiting, as {@link #batchResolveOutboundCallerIds}. Cancelling the future cancels the call.
     *
     * @param request the legs
     * @return a result for each leg, in their order; or a {@link LocaldialException}
     */
    public CompletableFuture<BatchResolveOutboundCallerIdsResponse> batchResolveOutboundCallerIdsAsync(
            BatchResolveOutboundCallerIdsRequest request) {
        return caller.callAsync(CallRoutingGrpc.getBatchResolveOutboundCallerIdsMethod(), request);
    }

    /**
     * Decides where a call-back goes.
     *
     * @param request the call-back
     * @return the number to connect the caller with, and why
     * @throws LocaldialException if it fails
     */
    public RouteInboundCallResponse routeInboundCall(RouteInboundCallRequest request) {
        return caller.call(CallRoutingGrpc.getRouteInboundCallMethod(), request);
    }

    /**
     * The same without waiting, as {@link #routeInboundCall}. Cancelling the future cancels the call.
     *
     * @param request the call-back
     * @return the number to connect the caller with, and why; or a {@link LocaldialException}
     */
    public CompletableFuture<RouteInboundCallResponse> routeInboundCallAsync(RouteInboundCallRequest request) {
        return caller.callAsync(CallRoutingGrpc.getRouteInboundCallMethod(), request);
    }

    /**
     * Lists the recorded outbound calls, newest first.
     *
     * @param request which calls
     * @return a page of them
     * @throws LocaldialException if it fails
     */
    public ListOutboundCallsResponse listOutboundCalls(ListOutboundCallsRequest request) {
        return caller.call(CallRoutingGrpc.getListOutboundCallsMethod(), request);
    }

    /**
     * The same without waiting, as {@link #listOutboundCalls}. Cancelling the future cancels the call.
     *
     * @param request which calls
     * @return a page of them; or a {@link LocaldialException}
     */
    public CompletableFuture<ListOutboundCallsResponse> listOutboundCallsAsync(ListOutboundCallsRequest request) {
        return caller.callAsync(CallRoutingGrpc.getListOutboundCallsMethod(), request);
    }

    /**
     * Lists over all pages, as {@link #listOutboundCalls} does each.
     *
     * @param request which calls
     * @return the pages, fetched one at a time
     */
    public Pages<ListOutboundCallsResponse, OutboundCall> listOutboundCallsPages(ListOutboundCallsRequest request) {
        return new Pages<>(
                request.getPageToken(),
                token -> listOutboundCalls(request.toBuilder().setPageToken(token).build()),
                ListOutboundCallsResponse::getNextPageToken,
                ListOutboundCallsResponse::getCallsList);
    }
}
