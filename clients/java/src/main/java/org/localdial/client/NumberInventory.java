package org.localdial.client;

import java.util.concurrent.CompletableFuture;
import org.localdial.v1.CarrierNumber;
import org.localdial.v1.DeleteNumbersRequest;
import org.localdial.v1.DeleteNumbersResponse;
import org.localdial.v1.GetNumberRequest;
import org.localdial.v1.GetNumberResponse;
import org.localdial.v1.ImportNumbersRequest;
import org.localdial.v1.ImportNumbersResponse;
import org.localdial.v1.ListImportableNumbersRequest;
import org.localdial.v1.ListImportableNumbersResponse;
import org.localdial.v1.ListNumbersRequest;
import org.localdial.v1.ListNumbersResponse;
import org.localdial.v1.LocalPresenceNumber;
import org.localdial.v1.MapAreaCodesRequest;
import org.localdial.v1.MapAreaCodesResponse;
import org.localdial.v1.NumberInventoryGrpc;
import org.localdial.v1.PurchaseNumbersRequest;
import org.localdial.v1.PurchaseNumbersResponse;
import org.localdial.v1.ReconcileNumbersRequest;
import org.localdial.v1.ReconcileNumbersResponse;
import org.localdial.v1.SearchAvailableNumbersRequest;
import org.localdial.v1.SearchAvailableNumbersResponse;
import org.localdial.v1.UnmapAreaCodesRequest;
import org.localdial.v1.UnmapAreaCodesResponse;

/**
 * The local presence numbers: list, buy, import and delete them, and map area codes to them.
 *
 * <p>Requests and responses are documented in {@code org.localdial.v1}. Every method throws a
 * {@link LocaldialException}, its subclass by the status, when the call fails; and IllegalStateException when the
 * client is closed.
 */
public final class NumberInventory extends ServiceCalls<NumberInventory> {
    NumberInventory(Caller caller) {
        super(caller);
    }

    @Override
    NumberInventory with(Caller other) {
        return new NumberInventory(other);
    }

    /**
     * Lists the organization's numbers.
     *
     * @param request which numbers
     * @return a page of them
     * @throws LocaldialException if it fails
     */
    public ListNumbersResponse listNumbers(ListNumbersRequest request) {
        return caller.call(NumberInventoryGrpc.getListNumbersMethod(), request);
    }

    /**
     * The same without waiting, as {@link #listNumbers}. Cancelling the future cancels the call.
     *
     * @param request which numbers
     * @return a page of them; or a {@link LocaldialException}
     */
    public CompletableFuture<ListNumbersResponse> listNumbersAsync(ListNumbersRequest request) {
        return caller.callAsync(NumberInventoryGrpc.getListNumbersMethod(), request);
    }

    /**
     * Lists over all pages, as {@link #listNumbers} does each.
     *
     * @param request which numbers
     * @return the pages, fetched one at a time
     */
    public Pages<ListNumbersResponse, LocalPresenceNumber> listNumbersPages(ListNumbersRequest request) {
        return new Pages<>(
                request.getPageToken(),
                token -> listNumbers(request.toBuilder().setPageToken(token).build()),
                ListNumbersResponse::getNextPageToken,
                ListNumbersResponse::getNumbersList);
    }

    /**
     * Gets one number of the organization.
     *
     * @param request which number
     * @return the number
     * @throws LocaldialException if it fails
     */
    public GetNumberResponse getNumber(GetNumberRequest request) {
        return caller.call(NumberInventoryGrpc.getGetNumberMethod(), request);
    }

    /**
     * The same without waiting, as {@link #getNumber}. Cancelling the future cancels the call.
     *
     * @param request which number
     * @return the number; or a {@link LocaldialException}
     */
    public CompletableFuture<GetNumberResponse> getNumberAsync(GetNumberRequest request) {
        return caller.callAsync(NumberInventoryGrpc.getGetNumberMethod(), request);
    }

    /**
     * Asks the carrier which numbers it has to sell in an area code.
     *
     * @param request where to search
     * @return what there is; empty where there is nothing
     * @throws LocaldialException if it fails
     */
    public SearchAvailableNumbersResponse searchAvailableNumbers(SearchAvailableNumbersRequest request) {
        return caller.call(NumberInventoryGrpc.getSearchAvailableNumbersMethod(), request);
    }

    /**
     * The same without waiting, as {@link #searchAvailableNumbers}. Cancelling the future cancels the call.
     *
     * @param request where to search
     * @return what there is; empty where there is nothing; or a {@link LocaldialException}
     */
    public CompletableFuture<SearchAvailableNumbersResponse> searchAvailableNumbersAsync(
            SearchAvailableNumbersRequest request) {
        return caller.callAsync(NumberInventoryGrpc.getSearchAvailableNumbersMethod(), request);
    }

    /**
     * Buys numbers in an area code, once for each {@code request_id}, which is made where it is empty.
     *
     * @param request what to buy
     * @return the numbers that were bought
     * @throws LocaldialException if it fails
     */
    public PurchaseNumbersResponse purchaseNumbers(PurchaseNumbersRequest request) {
        return caller.call(NumberInventoryGrpc.getPurchaseNumbersMethod(), request);
    }

    /**
     * The same without waiting, as {@link #purchaseNumbers}. Cancelling the future cancels the call.
     *
     * @param request what to buy
     * @return the numbers that were bought; or a {@link LocaldialException}
     */
    public CompletableFuture<PurchaseNumbersResponse> purchaseNumbersAsync(PurchaseNumbersRequest request) {
        return caller.callAsync(NumberInventoryGrpc.getPurchaseNumbersMethod(), request);
    }

    /**
     * Takes numbers into the inventory that the carrier account owns already.
     *
     * @param request which numbers
     * @return those that are in the inventory now, and those that failed
     * @throws LocaldialException if it fails
     */
    public ImportNumbersResponse importNumbers(ImportNumbersRequest request) {
        return caller.call(NumberInventoryGrpc.getImportNumbersMethod(), request);
    }

    /**
     * The same without waiting, as {@link #importNumbers}. Cancelling the future cancels the call.
     *
     * @param request which numbers
     * @return those that are in the inventory now, and those that failed; or a {@link LocaldialException}
     */
    public CompletableFuture<ImportNumbersResponse> importNumbersAsync(ImportNumbersRequest request) {
        return caller.callAsync(NumberInventoryGrpc.getImportNumbersMethod(), request);
    }

    /**
     * Lists what {@link #importNumbers} can take in: numbers of the carrier account that no organization has.
     *
     * @param request which organization and page
     * @return a page of them
     * @throws LocaldialException if it fails
     */
    public ListImportableNumbersResponse listImportableNumbers(ListImportableNumbersRequest request) {
        return caller.call(NumberInventoryGrpc.getListImportableNumbersMethod(), request);
    }

    /**
     * The same without waiting, as {@link #listImportableNumbers}. Cancelling the future cancels the call.
     *
     * @param request which organization and page
     * @return a page of them; or a {@link LocaldialException}
     */
    public CompletableFuture<ListImportableNumbersResponse> listImportableNumbersAsync(
            ListImportableNumbersRequest request) {
        return caller.callAsync(NumberInventoryGrpc.getListImportableNumbersMethod(), request);
    }

    /**
     * Lists over all pages, as {@link #listImportableNumbers} does each.
     *
     * @param request which organization and page
     * @return the pages, fetched one at a time
     */
    public Pages<ListImportableNumbersResponse, CarrierNumber> listImportableNumbersPages(
            ListImportableNumbersRequest request) {
        return new Pages<>(
                request.getPageToken(),
                token -> listImportableNumbers(request.toBuilder().setPageToken(token).build()),
                ListImportableNumbersResponse::getNextPageToken,
                ListImportableNumbersResponse::getNumbersList);
    }

    /**
     * Compares the inventory with the carrier, settles what is open, and reports what differs.
     *
     * @param request which organization; every one where it is empty
     * @return what was settled, and what differs
     * @throws LocaldialException if it fails
     */
    public ReconcileNumbersResponse reconcileNumbers(ReconcileNumbersRequest request) {
        return caller.call(NumberInventoryGrpc.getReconcileNumbersMethod(), request);
    }

    /**
     * The same without waiting, as {@link #reconcileNumbers}. Cancelling the future cancels the call.
     *
     * @param request which organization; every one where it is empty
     * @return what was settled, and what differs; or a {@link LocaldialException}
     */
    public CompletableFuture<ReconcileNumbersResponse> reconcileNumbersAsync(ReconcileNumbersRequest request) {
        return caller.callAsync(NumberInventoryGrpc.getReconcileNumbersMethod(), request);
    }

    /**
     * Takes numbers out of the routing and gives them back to the carrier, once for each {@code request_id}, which is
     * made where it is empty.
     *
     * @param request which numbers
     * @return those that were deleted, and those that failed
     * @throws LocaldialException if it fails
     */
    public DeleteNumbersResponse deleteNumbers(DeleteNumbersRequest request) {
        return caller.call(NumberInventoryGrpc.getDeleteNumbersMethod(), request);
    }

    /**
     * The same without waiting, as {@link #deleteNumbers}. Cancelling the future cancels the call.
     *
     * @param request which numbers
     * @return those that were deleted, and those that failed; or a {@link LocaldialException}
     */
    public CompletableFuture<DeleteNumbersResponse> deleteNumbersAsync(DeleteNumbersRequest request) {
        return caller.callAsync(NumberInventoryGrpc.getDeleteNumbersMethod(), request);
    }

    /**
     * Shows a number to callees of further area codes.
     *
     * @param request the number and the area codes
     * @return the number with all its mappings
     * @throws LocaldialException if it fails
     */
    public MapAreaCodesResponse mapAreaCodes(MapAreaCodesRequest request) {
        return caller.call(NumberInventoryGrpc.getMapAreaCodesMethod(), request);
    }

    /**
     * The same without waiting, as {@link #mapAreaCodes}. Cancelling the future cancels the call.
     *
     * @param request the number and the area codes
     * @return the number with all its mappings; or a {@link LocaldialException}
     */
    public CompletableFuture<MapAreaCodesResponse> mapAreaCodesAsync(MapAreaCodesRequest request) {
        return caller.callAsync(NumberInventoryGrpc.getMapAreaCodesMethod(), request);
    }

    /**
     * Ends mappings of area codes to a number.
     *
     * @param request the number and the area codes
     * @return the number with the mappings it has left
     * @throws LocaldialException if it fails
     */
    public UnmapAreaCodesResponse unmapAreaCodes(UnmapAreaCodesRequest request) {
        return caller.call(NumberInventoryGrpc.getUnmapAreaCodesMethod(), request);
    }

    /**
     * The same without waiting, as {@link #unmapAreaCodes}. Cancelling the future cancels the call.
     *
     * @param request the number and the area codes
     * @return the number with the mappings it has left; or a {@link LocaldialException}
     */
    public CompletableFuture<UnmapAreaCodesResponse> unmapAreaCodesAsync(UnmapAreaCodesRequest request) {
        return caller.callAsync(NumberInventoryGrpc.getUnmapAreaCodesMethod(), request);
    }
}
