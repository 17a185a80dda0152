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
 * The organizations and their users.
 *
 * <p>Requests and responses are documented in {@code org.localdial.v1}. Every method throws a
 * {@link LocaldialException}, its subclass by the status, when the call fails; and IllegalStateException when the
 * client is closed.
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
     * Creates the organization, or replaces it as a whole.
     *
     * @param request the organization
     * @return the organization as it is now
     * @throws LocaldialException if it fails
     */
    public SetOrganizationResponse setOrganization(SetOrganizationRequest request) {
        return caller.call(DirectoryGrpc.getSetOrganizationMethod(), request);
    }

    /**
     * The same without waiting, as {@link #setOrganization}. Cancelling the future cancels the call.
     *
     * @param request the organization
     * @return the organization as it is now; or a {@link LocaldialException}
     */
    public CompletableFuture<SetOrganizationResponse> setOrganizationAsync(SetOrganizationRequest request) {
        return caller.callAsync(DirectoryGrpc.getSetOrganizationMethod(), request);
    }

    /**
     * Gets one organization.
     *
     * @param request which organization
     * @return the organization
     * @throws LocaldialException if it fails
     */
    public GetOrganizationResponse getOrganization(GetOrganizationRequest request) {
        return caller.call(DirectoryGrpc.getGetOrganizationMethod(), request);
    }

    /**
     * The same without waiting, as {@link #getOrganization}. Cancelling the future cancels the call.
     *
     * @param request which organization
     * @return the organization; or a {@link LocaldialException}
     */
    public CompletableFuture<GetOrganizationResponse> getOrganizationAsync(GetOrganizationRequest request) {
        return caller.callAsync(DirectoryGrpc.getGetOrganizationMethod(), request);
    }

    /**
     * Lists all organizations.
     *
     * @param request which page
     * @return a page of them
     * @throws LocaldialException if it fails
     */
    public ListOrganizationsResponse listOrganizations(ListOrganizationsRequest request) {
        return caller.call(DirectoryGrpc.getListOrganizationsMethod(), request);
    }

    /**
     * The same without waiting, as {@link #listOrganizations}. Cancelling the future cancels the call.
     *
     * @param request which page
     * @return a page of them; or a {@link LocaldialException}
     */
    public CompletableFuture<ListOrganizationsResponse> listOrganizationsAsync(ListOrganizationsRequest request) {
        return caller.callAsync(DirectoryGrpc.getListOrganizationsMethod(), request);
    }

    /**
     * Lists over all pages, as {@link #listOrganizations} does each.
     *
     * @param request which page
     * @return the pages, fetched one at a time
     */
    public Pages<ListOrganizationsResponse, Organization> listOrganizationsPages(ListOrganizationsRequest request) {
        return new Pages<>(
                request.getPageToken(),
                token -> listOrganizations(request.toBuilder().setPageToken(token).build()),
                ListOrganizationsResponse::getNextPageToken,
                ListOrganizationsResponse::getOrganizationsList);
    }

    /**
     * Deletes the organization and its users. Its numbers must be deleted before.
     *
     * @param request which organization
     * @return the revision after it
     * @throws LocaldialException if it fails
     */
    public DeleteOrganizationResponse deleteOrganization(DeleteOrganizationRequest request) {
        return caller.call(DirectoryGrpc.getDeleteOrganizationMethod(), request);
    }

    /**
     * The same without waiting, as {@link #deleteOrganization}. Cancelling the future cancels the call.
     *
     * @param request which organization
     * @return the revision after it; or a {@link LocaldialException}
     */
    public CompletableFuture<DeleteOrganizationResponse> deleteOrganizationAsync(DeleteOrganizationRequest request) {
        return caller.callAsync(DirectoryGrpc.getDeleteOrganizationMethod(), request);
    }

    /**
     * Creates the user, or replaces it as a whole.
     *
     * @param request the user
     * @return the user as it is now
     * @throws LocaldialException if it fails
     */
    public SetUserResponse setUser(SetUserRequest request) {
        return caller.call(DirectoryGrpc.getSetUserMethod(), request);
    }

    /**
     * The same without waiting, as {@link #setUser}. Cancelling the future cancels the call.
     *
     * @param request the user
     * @return the user as it is now; or a {@link LocaldialException}
     */
    public CompletableFuture<SetUserResponse> setUserAsync(SetUserRequest request) {
        return caller.callAsync(DirectoryGrpc.getSetUserMethod(), request);
    }

    /**
     * Gets one user.
     *
     * @param request which user
     * @return the user
     * @throws LocaldialException if it fails
     */
    public GetUserResponse getUser(GetUserRequest request) {
        return caller.call(DirectoryGrpc.getGetUserMethod(), request);
    }

    /**
     * The same without waiting, as {@link #getUser}. Cancelling the future cancels the call.
     *
     * @param request which user
     * @return the user; or a {@link LocaldialException}
     */
    public CompletableFuture<GetUserResponse> getUserAsync(GetUserRequest request) {
        return caller.callAsync(DirectoryGrpc.getGetUserMethod(), request);
    }

    /**
     * Lists the organization's users.
     *
     * @param request which organization and page
     * @return a page of them
     * @throws LocaldialException if it fails
     */
    public ListUsersResponse listUsers(ListUsersRequest request) {
        return caller.call(DirectoryGrpc.getListUsersMethod(), request);
    }

    /**
     * The same without waiting, as {@link #listUsers}. Cancelling the future cancels the call.
     *
     * @param request which organization and page
     * @return a page of them; or a {@link LocaldialException}
     */
    public CompletableFuture<ListUsersResponse> listUsersAsync(ListUsersRequest request) {
        return caller.callAsync(DirectoryGrpc.getListUsersMethod(), request);
    }

    /**
     * Lists over all pages, as {@link #listUsers} does each.
     *
     * @param request which organization and page
     * @return the pages, fetched one at a time
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
     * @param request which user
     * @return the revision after it
     * @throws LocaldialException if it fails
     */
    public DeleteUserResponse deleteUser(DeleteUserRequest request) {
        return caller.call(DirectoryGrpc.getDeleteUserMethod(), request);
    }

    /**
     * The same without waiting, as {@link #deleteUser}. Cancelling the future cancels the call.
     *
     * @param request which user
     * @return the revision after it; or a {@link LocaldialException}
     */
    public CompletableFuture<DeleteUserResponse> deleteUserAsync(DeleteUserRequest request) {
        return caller.callAsync(DirectoryGrpc.getDeleteUserMethod(), request);
    }

    /**
     * Creates or replaces many users of one organization: all of them, or none.
     *
     * @param request the users
     * @return the users as they are now
     * @throws LocaldialException if it fails
     */
    public BatchSetUsersResponse batchSetUsers(BatchSetUsersRequest request) {
        return caller.call(DirectoryGrpc.getBatchSetUsersMethod(), request);
    }

    /**
     * The same without waiting, as {@link #batchSetUsers}. Cancelling the future cancels the call.
     *
     * @param request the users
     * @return the users as they are now; or a {@link LocaldialException}
     */
    public CompletableFuture<BatchSetUsersResponse> batchSetUsersAsync(BatchSetUsersRequest request) {
        return caller.callAsync(DirectoryGrpc.getBatchSetUsersMethod(), request);
    }
}
