package org.localdial.client;

import java.util.concurrent.CompletableFuture;
import org.localdial.v1.BatchResolveOutboundCallerIdsRequest;
import org.localdial.v1.BatchResolveOutboundCallerIdsResponse;
import org.localdial.v1.CallRoutingGrpc;
import org.localdial.v1.ExplainOutboundCallerIdRequest;
import org.localdial.v1.ExplainOutboundCallerIdResponse;
import org.localdial.v1.InboundCall;
import org.localdial.v1.ListInboundCallsRequest;
import org.localdial.v1.ListInboundCallsResponse;
import org.localdial.v1.ListOutboundCallsRequest;
import org.localdial.v1.ListOutboundCallsResponse;
import org.localdial.v1.OutboundCall;
import org.localdial.v1.ReportInboundCallOutcomeRequest;
import org.localdial.v1.ReportInboundCallOutcomeResponse;
import org.localdial.v1.ResolveOutboundCallerIdRequest;
import org.localdial.v1.ResolveOutboundCallerIdResponse;
import org.localdial.v1.RouteInboundCallRequest;
import org.localdial.v1.RouteInboundCallResponse;

/**
 * Decides which caller ID an outbound call shows and where a call-back goes.
 *
 * <p>Requests and responses are documented in {@code org.localdial.v1}. Every method throws the subclass of
 * {@link LocaldialException} for the status if the call fails, and IllegalStateException if the client is closed.
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
     * @return the caller ID and the reason for it
     * @throws LocaldialException if the call fails
     */
    public ResolveOutboundCallerIdResponse resolveOutboundCallerId(ResolveOutboundCallerIdRequest request) {
        return caller.call(CallRoutingGrpc.getResolveOutboundCallerIdMethod(), request);
    }

    /**
     * The asynchronous version of {@link #resolveOutboundCallerId}. Cancelling the future cancels the call.
     *
     * @param request the leg
     * @return a future of the caller ID and the reason for it; it fails with a {@link LocaldialException}
     */
    public CompletableFuture<ResolveOutboundCallerIdResponse> resolveOutboundCallerIdAsync(
            ResolveOutboundCallerIdRequest request) {
        return caller.callAsync(CallRoutingGrpc.getResolveOutboundCallerIdMethod(), request);
    }

    /**
     * Resolves many legs in one call, each independently. {@link LocaldialException#fromStatus} turns the status of a
     * leg that failed into an exception.
     *
     * @param request the legs
     * @return a result for each leg, in the same order
     * @throws LocaldialException if the call fails
     */
    public BatchResolveOutboundCallerIdsResponse batchResolveOutboundCallerIds(
            BatchResolveOutboundCallerIdsRequest request) {
        return caller.call(CallRoutingGrpc.getBatchResolveOutboundCallerIdsMethod(), request);
    }

    /**
     * The asynchronous version of {@link #batchResolveOutboundCallerIds}. Cancelling the future cancels the call.
     *
     * @param request the legs
     * @return a future of a result for each leg, in the same order; it fails with a {@link LocaldialException}
     */
    public CompletableFuture<BatchResolveOutboundCallerIdsResponse> batchResolveOutboundCallerIdsAsync(
            BatchResolveOutboundCallerIdsRequest request) {
        return caller.callAsync(CallRoutingGrpc.getBatchResolveOutboundCallerIdsMethod(), request);
    }

    /**
     * Decides where a call-back goes.
     *
     * @param request the call-back
     * @return the number to connect the caller with and the reason for it
     * @throws LocaldialException if the call fails
     */
    public RouteInboundCallResponse routeInboundCall(RouteInboundCallRequest request) {
        return caller.call(CallRoutingGrpc.getRouteInboundCallMethod(), request);
    }

    /**
     * The asynchronous version of {@link #routeInboundCall}. Cancelling the future cancels the call.
     *
     * @param request the call-back
     * @return a future of the number to connect the caller with and the reason for it; it fails with a
     *     {@link LocaldialException}
     */
    public CompletableFuture<RouteInboundCallResponse> routeInboundCallAsync(RouteInboundCallRequest request) {
        return caller.callAsync(CallRoutingGrpc.getRouteInboundCallMethod(), request);
    }

    /**
     * Reports what became of a call-back.
     *
     * @param request the call-back and its outcome
     * @return an empty response
     * @throws LocaldialException if the call fails
     */
    public ReportInboundCallOutcomeResponse reportInboundCallOutcome(ReportInboundCallOutcomeRequest request) {
        return caller.call(CallRoutingGrpc.getReportInboundCallOutcomeMethod(), request);
    }

    /**
     * The asynchronous version of {@link #reportInboundCallOutcome}. Cancelling the future cancels the call.
     *
     * @param request the call-back and its outcome
     * @return a future of an empty response; it fails with a {@link LocaldialException}
     */
    public CompletableFuture<ReportInboundCallOutcomeResponse> reportInboundCallOutcomeAsync(
            ReportInboundCallOutcomeRequest request) {
        return caller.callAsync(CallRoutingGrpc.getReportInboundCallOutcomeMethod(), request);
    }

    /**
     * Lists the recorded outbound calls, newest first.
     *
     * @param request the filter and the page
     * @return one page
     * @throws LocaldialException if the call fails
     */
    public ListOutboundCallsResponse listOutboundCalls(ListOutboundCallsRequest request) {
        return caller.call(CallRoutingGrpc.getListOutboundCallsMethod(), request);
    }

    /**
     * The asynchronous version of {@link #listOutboundCalls}. Cancelling the future cancels the call.
     *
     * @param request the filter and the page
     * @return a future of one page; it fails with a {@link LocaldialException}
     */
    public CompletableFuture<ListOutboundCallsResponse> listOutboundCallsAsync(ListOutboundCallsRequest request) {
        return caller.callAsync(CallRoutingGrpc.getListOutboundCallsMethod(), request);
    }

    /**
     * Lists all pages, each like {@link #listOutboundCalls}.
     *
     * @param request the filter and the page
     * @return the pages in order, each fetched when it is needed
     */
    public Pages<ListOutboundCallsResponse, OutboundCall> listOutboundCallsPages(ListOutboundCallsRequest request) {
        return new Pages<>(
                request.getPageToken(),
                token -> listOutboundCalls(request.toBuilder().setPageToken(token).build()),
                ListOutboundCallsResponse::getNextPageToken,
                ListOutboundCallsResponse::getCallsList);
    }

    /**
     * Lists the recorded call-backs, newest first.
     *
     * @param request the filter and the page
     * @return one page
     * @throws LocaldialException if the call fails
     */
    public ListInboundCallsResponse listInboundCalls(ListInboundCallsRequest request) {
        return caller.call(CallRoutingGrpc.getListInboundCallsMethod(), request);
    }

    /**
     * The asynchronous version of {@link #listInboundCalls}. Cancelling the future cancels the call.
     *
     * @param request the filter and the page
     * @return a future of one page; it fails with a {@link LocaldialException}
     */
    public CompletableFuture<ListInboundCallsResponse> listInboundCallsAsync(ListInboundCallsRequest request) {
        return caller.callAsync(CallRoutingGrpc.getListInboundCallsMethod(), request);
    }

    /**
     * Lists all pages, each like {@link #listInboundCalls}.
     *
     * @param request the filter and the page
     * @return the pages in order, each fetched when it is needed
     */
    public Pages<ListInboundCallsResponse, InboundCall> listInboundCallsPages(ListInboundCallsRequest request) {
        return new Pages<>(
                request.getPageToken(),
                token -> listInboundCalls(request.toBuilder().setPageToken(token).build()),
                ListInboundCallsResponse::getNextPageToken,
                ListInboundCallsResponse::getCallsList);
    }

    /**
     * Explains which caller ID a callee would see now, rule by rule, and what has become of a recorded call. Nothing is
     * recorded.
     *
     * @param request the user and the callee, or the recorded call
     * @return the decision and how it comes about
     * @throws LocaldialException if the call fails
     */
    public ExplainOutboundCallerIdResponse explainOutboundCallerId(ExplainOutboundCallerIdRequest request) {
        return caller.call(CallRoutingGrpc.getExplainOutboundCallerIdMethod(), request);
    }

    /**
     * The asynchronous version of {@link #explainOutboundCallerId}. Cancelling the future cancels the call.
     *
     * @param request the user and the callee, or the recorded call
     * @return a future of the decision and how it comes about; it fails with a {@link LocaldialException}
     */
    public CompletableFuture<ExplainOutboundCallerIdResponse> explainOutboundCallerIdAsync(
            ExplainOutboundCallerIdRequest request) {
        return caller.callAsync(CallRoutingGrpc.getExplainOutboundCallerIdMethod(), request);
    }
}
