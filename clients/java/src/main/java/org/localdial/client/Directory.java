package org.localdial.client;

import java.util.concurrent.CompletableFuture;
import org.localdial.v1.BatchSetUsersRequest;
import org.localdial.v1.BatchSetUsersResponse;
import org.localdial.v1.DeleteOrganizationRequest;
import org.localdial.v1.DeleteOrganizationResponse;
import org.localdial.v1.DeleteUserRequest;
import org.localdial.v1.DeleteUserResponse;
import org.localdial.v1.DirectoryGrpc;
import org.localdial.v1.GetOrganizationRequest;
import org.localdial.v1.GetOrganizationResponse;
import org.localdial.v1.GetUserRequest;
import org.localdial.v1.GetUserResponse;
import org.localdial.v1.ListOrganizationsRequest;
import org.localdial.v1.ListOrganizationsResponse;
import org.localdial.v1.ListUsersRequest;
import org.localdial.v1.ListUsersResponse;
import org.localdial.v1.Organization;
import org.localdial.v1.SetOrganizationRequest;
import org.localdial.v1.SetOrganizationResponse;
import org.localdial.v1.SetUserRequest;
import org.localdial.v1.SetUserResponse;
import org.localdial.v1.User;

/**
 * Manages the organizations and their users.
 *
 * <p>Requests and responses are documented in {@code org.localdial.v1}. Every method throws the subclass of
 * {@link LocaldialException} for the status if the call fails, and IllegalStateException if the client is closed.
 */
public final class Directory extends ServiceCalls<Directory> {
    Directory(Caller caller) {
        super(caller);
    }

    @Override
    Directory with(Caller other) {
        return new Directory(other);
    }

    /**
     * Creates the organization, or replaces all its fields.
     *
     * @param request the organization
     * @return the organization after the change
     * @throws LocaldialException if the call fails
     */
    public SetOrganizationResponse setOrganization(SetOrganizationRequest request) {
        return caller.call(DirectoryGrpc.getSetOrganizationMethod(), request);
    }

    /**
     * The asynchronous version of {@link #setOrganization}. Cancelling the future cancels the call.
     *
     * @param request the organization
     * @return a future of the organization after the change; it fails with a {@link LocaldialException}
     */
    public CompletableFuture<SetOrganizationResponse> setOrganizationAsync(SetOrganizationRequest request) {
        return caller.callAsync(DirectoryGrpc.getSetOrganizationMethod(), request);
    }

    /**
     * Gets one organization.
     *
     * @param request the organization's identifier
     * @return the organization
     * @throws LocaldialException if the call fails
     */
    public GetOrganizationResponse getOrganization(GetOrganizationRequest request) {
        return caller.call(DirectoryGrpc.getGetOrganizationMethod(), request);
    }

    /**
     * The asynchronous version of {@link #getOrganization}. Cancelling the future cancels the call.
     *
     * @param request the organization's identifier
     * @return a future of the organization; it fails with a {@link LocaldialException}
     */
    public CompletableFuture<GetOrganizationResponse> getOrganizationAsync(GetOrganizationRequest request) {
        return caller.callAsync(DirectoryGrpc.getGetOrganizationMethod(), request);
    }

    /**
     * Lists all organizations.
     *
     * @param request the page
     * @return one page
     * @throws LocaldialException if the call fails
     */
    public ListOrganizationsResponse listOrganizations(ListOrganizationsRequest request) {
        return caller.call(DirectoryGrpc.getListOrganizationsMethod(), request);
    }

    /**
     * The asynchronous version of {@link #listOrganizations}. Cancelling the future cancels the call.
     *
     * @param request the page
     * @return a future of one page; it fails with a {@link LocaldialException}
     */
    public CompletableFuture<ListOrganizationsResponse> listOrganizationsAsync(ListOrganizationsRequest request) {
        return caller.callAsync(DirectoryGrpc.getListOrganizationsMethod(), request);
    }

    /**
     * Lists all pages, each like {@link #listOrganizations}.
     *
     * @param request the page
     * @return the pages in order, each fetched when it is needed
     */
    public Pages<ListOrganizationsResponse, Organization> listOrganizationsPages(ListOrganizationsRequest request) {
        return new Pages<>(
                request.getPageToken(),
                token -> listOrganizations(request.toBuilder().setPageToken(token).build()),
                ListOrganizationsResponse::getNextPageToken,
                ListOrganizationsResponse::getOrganizationsList);
    }

    /**
     * Deletes the organization and its users. Its numbers must be deleted first.
     *
     * @param request the organization's identifier
     * @return the organization's revision after the deletion
     * @throws LocaldialException if the call fails
     */
    public DeleteOrganizationResponse deleteOrganization(DeleteOrganizationRequest request) {
        return caller.call(DirectoryGrpc.getDeleteOrganizationMethod(), request);
    }

    /**
     * The asynchronous version of {@link #deleteOrganization}. Cancelling the future cancels the call.
     *
     * @param request the organization's identifier
     * @return a future of the organization's revision after the deletion; it fails with a {@link LocaldialException}
     */
    public CompletableFuture<DeleteOrganizationResponse> deleteOrganizationAsync(DeleteOrganizationRequest request) {
        return caller.callAsync(DirectoryGrpc.getDeleteOrganizationMethod(), request);
    }

    /**
     * Creates the user, or replaces all its fields.
     *
     * @param request the user
     * @return the user after the change
     * @throws LocaldialException if the call fails
     */
    public SetUserResponse setUser(SetUserRequest request) {
        return caller.call(DirectoryGrpc.getSetUserMethod(), request);
    }

    /**
     * The asynchronous version of {@link #setUser}. Cancelling the future cancels the call.
     *
     * @param request the user
     * @return a future of the user after the change; it fails with a {@link LocaldialException}
     */
    public CompletableFuture<SetUserResponse> setUserAsync(SetUserRequest request) {
        return caller.callAsync(DirectoryGrpc.getSetUserMethod(), request);
    }

    /**
     * Gets one user.
     *
     * @param request the user's identifier
     * @return the user
     * @throws LocaldialException if the call fails
     */
    public GetUserResponse getUser(GetUserRequest request) {
        return caller.call(DirectoryGrpc.getGetUserMethod(), request);
    }

    /**
     * The asynchronous version of {@link #getUser}. Cancelling the future cancels the call.
     *
     * @param request the user's identifier
     * @return a future of the user; it fails with a {@link LocaldialException}
     */
    public CompletableFuture<GetUserResponse> getUserAsync(GetUserRequest request) {
        return caller.callAsync(DirectoryGrpc.getGetUserMethod(), request);
    }

    /**
     * Lists the organization's users.
     *
     * @param request the organization and the page
     * @return one page
     * @throws LocaldialException if the call fails
     */
    public ListUsersResponse listUsers(ListUsersRequest request) {
        return caller.call(DirectoryGrpc.getListUsersMethod(), request);
    }

    /**
     * The asynchronous version of {@link #listUsers}. Cancelling the future cancels the call.
     *
     * @param request the organization and the page
     * @return a future of one page; it fails with a {@link LocaldialException}
     */
    public CompletableFuture<ListUsersResponse> listUsersAsync(ListUsersRequest request) {
        return caller.callAsync(DirectoryGrpc.getListUsersMethod(), request);
    }

    /**
     * Lists all pages, each like {@link #listUsers}.
     *
     * @param request the organization and the page
     * @return the pages in order, each fetched when it is needed
     */
    public Pages<ListUsersResponse, User> listUsersPages(ListUsersRequest request) {
        return new Pages<>(
                request.getPageToken(),
                token -> listUsers(request.toBuilder().setPageToken(token).build()),
                ListUsersResponse::getNextPageToken,
                ListUsersResponse::getUsersList);
    }

    /**
     * Deletes the user.
     *
     * @param request the user's identifier
     * @return the organization's revision after the deletion
     * @throws LocaldialException if the call fails
     */
    public DeleteUserResponse deleteUser(DeleteUserRequest request) {
        return caller.call(DirectoryGrpc.getDeleteUserMethod(), request);
    }

    /**
     * The asynchronous version of {@link #deleteUser}. Cancelling the future cancels the call.
     *
     * @param request the user's identifier
     * @return a future of the organization's revision after the deletion; it fails with a {@link LocaldialException}
     */
    public CompletableFuture<DeleteUserResponse> deleteUserAsync(DeleteUserRequest request) {
        return caller.callAsync(DirectoryGrpc.getDeleteUserMethod(), request);
    }

    /**
     * Creates or replaces many users of one organization: either all of them or none.
     *
     * @param request the users
     * @return the users after the change
     * @throws LocaldialException if the call fails
     */
    public BatchSetUsersResponse batchSetUsers(BatchSetUsersRequest request) {
        return caller.call(DirectoryGrpc.getBatchSetUsersMethod(), request);
    }

    /**
     * The asynchronous version of {@link #batchSetUsers}. Cancelling the future cancels the call.
     *
     * @param request the users
     * @return a future of the users after the change; it fails with a {@link LocaldialException}
     */
    public CompletableFuture<BatchSetUsersResponse> batchSetUsersAsync(BatchSetUsersRequest request) {
        return caller.callAsync(DirectoryGrpc.getBatchSetUsersMethod(), request);
    }
}
