package org.localdial.client;

import java.util.concurrent.CompletableFuture;
import org.localdial.v1.AdministrationGrpc;
import org.localdial.v1.ApiKey;
import org.localdial.v1.AuditEvent;
import org.localdial.v1.CreateApiKeyRequest;
import org.localdial.v1.CreateApiKeyResponse;
import org.localdial.v1.GetCallerRequest;
import org.localdial.v1.GetCallerResponse;
import org.localdial.v1.GetStatusRequest;
import org.localdial.v1.GetStatusResponse;
import org.localdial.v1.ListApiKeysRequest;
import org.localdial.v1.ListApiKeysResponse;
import org.localdial.v1.ListAuditEventsRequest;
import org.localdial.v1.ListAuditEventsResponse;
import org.localdial.v1.RevokeApiKeyRequest;
import org.localdial.v1.RevokeApiKeyResponse;
import org.localdial.v1.RotateApiKeyRequest;
import org.localdial.v1.RotateApiKeyResponse;

/**
 * Manages the API keys of the server, lists the record of changes, and returns the server's state and who the caller is.
 *
 * <p>Requests and responses are documented in {@code org.localdial.v1}. Every method throws the subclass of
 * {@link LocaldialException} for the status if the call fails, and IllegalStateException if the client is closed.
 */
public final class Administration extends ServiceCalls<Administration> {
    Administration(Caller caller) {
        super(caller);
    }

    @Override
    Administration with(Caller other) {
        return new Administration(other);
    }

    /**
     * Creates an API key. A call that fails is not repeated, because every call makes another key.
     *
     * @param request the name, the role and the organization of the key
     * @return the key with its secret, which is returned only here
     * @throws LocaldialException if the call fails
     */
    public CreateApiKeyResponse createApiKey(CreateApiKeyRequest request) {
        return caller.call(AdministrationGrpc.getCreateApiKeyMethod(), request);
    }

    /**
     * The asynchronous version of {@link #createApiKey}. Cancelling the future cancels the call.
     *
     * @param request the name, the role and the organization of the key
     * @return a future of the key with its secret, which is returned only here; it fails with a {@link LocaldialException}
     */
    public CompletableFuture<CreateApiKeyResponse> createApiKeyAsync(CreateApiKeyRequest request) {
        return caller.callAsync(AdministrationGrpc.getCreateApiKeyMethod(), request);
    }

    /**
     * Lists API keys, without their secrets.
     *
     * @param request the organization and the page
     * @return one page
     * @throws LocaldialException if the call fails
     */
    public ListApiKeysResponse listApiKeys(ListApiKeysRequest request) {
        return caller.call(AdministrationGrpc.getListApiKeysMethod(), request);
    }

    /**
     * The asynchronous version of {@link #listApiKeys}. Cancelling the future cancels the call.
     *
     * @param request the organization and the page
     * @return a future of one page; it fails with a {@link LocaldialException}
     */
    public CompletableFuture<ListApiKeysResponse> listApiKeysAsync(ListApiKeysRequest request) {
        return caller.callAsync(AdministrationGrpc.getListApiKeysMethod(), request);
    }

    /**
     * Lists all pages, each like {@link #listApiKeys}.
     *
     * @param request the organization and the page
     * @return the pages in order, each fetched when it is needed
     */
    public Pages<ListApiKeysResponse, ApiKey> listApiKeysPages(ListApiKeysRequest request) {
        return new Pages<>(
                request.getPageToken(),
                token -> listApiKeys(request.toBuilder().setPageToken(token).build()),
                ListApiKeysResponse::getNextPageToken,
                ListApiKeysResponse::getApiKeysList);
    }

    /**
     * Gives an API key a new secret. A call that fails is not repeated, because every call makes another secret.
     *
     * @param request the key, and how long its former secret stays valid
     * @return the key with its new secret, which is returned only here
     * @throws LocaldialException if the call fails
     */
    public RotateApiKeyResponse rotateApiKey(RotateApiKeyRequest request) {
        return caller.call(AdministrationGrpc.getRotateApiKeyMethod(), request);
    }

    /**
     * The asynchronous version of {@link #rotateApiKey}. Cancelling the future cancels the call.
     *
     * @param request the key, and how long its former secret stays valid
     * @return a future of the key with its new secret, which is returned only here; it fails with a {@link LocaldialException}
     */
    public CompletableFuture<RotateApiKeyResponse> rotateApiKeyAsync(RotateApiKeyRequest request) {
        return caller.callAsync(AdministrationGrpc.getRotateApiKeyMethod(), request);
    }

    /**
     * Ends an API key.
     *
     * @param request the key
     * @return the revoked key
     * @throws LocaldialException if the call fails
     */
    public RevokeApiKeyResponse revokeApiKey(RevokeApiKeyRequest request) {
        return caller.call(AdministrationGrpc.getRevokeApiKeyMethod(), request);
    }

    /**
     * The asynchronous version of {@link #revokeApiKey}. Cancelling the future cancels the call.
     *
     * @param request the key
     * @return a future of the revoked key; it fails with a {@link LocaldialException}
     */
    public CompletableFuture<RevokeApiKeyResponse> revokeApiKeyAsync(RevokeApiKeyRequest request) {
        return caller.callAsync(AdministrationGrpc.getRevokeApiKeyMethod(), request);
    }

    /**
     * Lists the record of changes, newest first.
     *
     * @param request the organization, the filters and the page
     * @return one page
     * @throws LocaldialException if the call fails
     */
    public ListAuditEventsResponse listAuditEvents(ListAuditEventsRequest request) {
        return caller.call(AdministrationGrpc.getListAuditEventsMethod(), request);
    }

    /**
     * The asynchronous version of {@link #listAuditEvents}. Cancelling the future cancels the call.
     *
     * @param request the organization, the filters and the page
     * @return a future of one page; it fails with a {@link LocaldialException}
     */
    public CompletableFuture<ListAuditEventsResponse> listAuditEventsAsync(ListAuditEventsRequest request) {
        return caller.callAsync(AdministrationGrpc.getListAuditEventsMethod(), request);
    }

    /**
     * Lists all pages, each like {@link #listAuditEvents}.
     *
     * @param request the organization, the filters and the page
     * @return the pages in order, each fetched when it is needed
     */
    public Pages<ListAuditEventsResponse, AuditEvent> listAuditEventsPages(ListAuditEventsRequest request) {
        return new Pages<>(
                request.getPageToken(),
                token -> listAuditEvents(request.toBuilder().setPageToken(token).build()),
                ListAuditEventsResponse::getNextPageToken,
                ListAuditEventsResponse::getEventsList);
    }

    /**
     * Returns who the caller is by its credential, and what it may do.
     *
     * @param request empty
     * @return the caller, its role, and its organization if the role has one
     * @throws LocaldialException if the call fails
     */
    public GetCallerResponse getCaller(GetCallerRequest request) {
        return caller.call(AdministrationGrpc.getGetCallerMethod(), request);
    }

    /**
     * The asynchronous version of {@link #getCaller}. Cancelling the future cancels the call.
     *
     * @param request empty
     * @return a future of the caller; it fails with a {@link LocaldialException}
     */
    public CompletableFuture<GetCallerResponse> getCallerAsync(GetCallerRequest request) {
        return caller.callAsync(AdministrationGrpc.getGetCallerMethod(), request);
    }

    /**
     * Returns the state of the server that answers, of its database and carrier, and of what is open.
     *
     * @param request the organization whose open work is counted
     * @return the state
     * @throws LocaldialException if the call fails
     */
    public GetStatusResponse getStatus(GetStatusRequest request) {
        return caller.call(AdministrationGrpc.getGetStatusMethod(), request);
    }

    /**
     * The asynchronous version of {@link #getStatus}. Cancelling the future cancels the call.
     *
     * @param request the organization whose open work is counted
     * @return a future of the state; it fails with a {@link LocaldialException}
     */
    public CompletableFuture<GetStatusResponse> getStatusAsync(GetStatusRequest request) {
        return caller.callAsync(AdministrationGrpc.getGetStatusMethod(), request);
    }
}
