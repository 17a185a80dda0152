package org.localdial.client;

import java.util.concurrent.CompletableFuture;
import org.localdial.v1.CarrierNumber;
import org.localdial.v1.DeleteNumbersRequest;
import org.localdial.v1.DeleteNumbersResponse;
import org.localdial.v1.GetNumberRequest;
import org.localdial.v1.GetNumberResponse;
import org.localdial.v1.GetUsageRequest;
import org.localdial.v1.GetUsageResponse;
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
 * Lists, buys, imports and deletes local presence numbers, and maps area codes to them.
 *
 * <p>Requests and responses are documented in {@code org.localdial.v1}. Every method throws the subclass of
 * {@link LocaldialException} for the status if the call fails, and IllegalStateException if the client is closed.
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
     * @param request the filter and the page
     * @return one page
     * @throws LocaldialException if the call fails
     */
    public ListNumbersResponse listNumbers(ListNumbersRequest request) {
        return caller.call(NumberInventoryGrpc.getListNumbersMethod(), request);
    }

    /**
     * The asynchronous version of {@link #listNumbers}. Cancelling the future cancels the call.
     *
     * @param request the filter and the page
     * @return a future of one page; it fails with a {@link LocaldialException}
     */
    public CompletableFuture<ListNumbersResponse> listNumbersAsync(ListNumbersRequest request) {
        return caller.callAsync(NumberInventoryGrpc.getListNumbersMethod(), request);
    }

    /**
     * Lists all pages, each like {@link #listNumbers}.
     *
     * @param request the filter and the page
     * @return the pages in order, each fetched when it is needed
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
     * @param request the number
     * @return the number
     * @throws LocaldialException if the call fails
     */
    public GetNumberResponse getNumber(GetNumberRequest request) {
        return caller.call(NumberInventoryGrpc.getGetNumberMethod(), request);
    }

    /**
     * The asynchronous version of {@link #getNumber}. Cancelling the future cancels the call.
     *
     * @param request the number
     * @return a future of the number; it fails with a {@link LocaldialException}
     */
    public CompletableFuture<GetNumberResponse> getNumberAsync(GetNumberRequest request) {
        return caller.callAsync(NumberInventoryGrpc.getGetNumberMethod(), request);
    }

    /**
     * Asks the carrier which numbers it has for sale in an area code.
     *
     * @param request the area code, and how many numbers to return
     * @return the numbers for sale, or none
     * @throws LocaldialException if the call fails
     */
    public SearchAvailableNumbersResponse searchAvailableNumbers(SearchAvailableNumbersRequest request) {
        return caller.call(NumberInventoryGrpc.getSearchAvailableNumbersMethod(), request);
    }

    /**
     * The asynchronous version of {@link #searchAvailableNumbers}. Cancelling the future cancels the call.
     *
     * @param request the area code, and how many numbers to return
     * @return a future of the numbers for sale, or none; it fails with a {@link LocaldialException}
     */
    public CompletableFuture<SearchAvailableNumbersResponse> searchAvailableNumbersAsync(
            SearchAvailableNumbersRequest request) {
        return caller.callAsync(NumberInventoryGrpc.getSearchAvailableNumbersMethod(), request);
    }

    /**
     * Buys numbers in an area code, once for each {@code request_id}. An empty one is filled in.
     *
     * @param request the area code and the quantity
     * @return the numbers that were bought
     * @throws LocaldialException if the call fails
     */
    public PurchaseNumbersResponse purchaseNumbers(PurchaseNumbersRequest request) {
        return caller.call(NumberInventoryGrpc.getPurchaseNumbersMethod(), request);
    }

    /**
     * The asynchronous version of {@link #purchaseNumbers}. Cancelling the future cancels the call.
     *
     * @param request the area code and the quantity
     * @return a future of the numbers that were bought; it fails with a {@link LocaldialException}
     */
    public CompletableFuture<PurchaseNumbersResponse> purchaseNumbersAsync(PurchaseNumbersRequest request) {
        return caller.callAsync(NumberInventoryGrpc.getPurchaseNumbersMethod(), request);
    }

    /**
     * Adds numbers to the inventory that the carrier account already owns.
     *
     * @param request which numbers
     * @return the imported numbers, and the numbers that failed
     * @throws LocaldialException if the call fails
     */
    public ImportNumbersResponse importNumbers(ImportNumbersRequest request) {
        return caller.call(NumberInventoryGrpc.getImportNumbersMethod(), request);
    }

    /**
     * The asynchronous version of {@link #importNumbers}. Cancelling the future cancels the call.
     *
     * @param request which numbers
     * @return a future of the imported numbers, and the numbers that failed; it fails with a {@link LocaldialException}
     */
    public CompletableFuture<ImportNumbersResponse> importNumbersAsync(ImportNumbersRequest request) {
        return caller.callAsync(NumberInventoryGrpc.getImportNumbersMethod(), request);
    }

    /**
     * Lists the numbers of the carrier account that no organization has, which {@link #importNumbers} can import.
     *
     * @param request the organization and the page
     * @return one page
     * @throws LocaldialException if the call fails
     */
    public ListImportableNumbersResponse listImportableNumbers(ListImportableNumbersRequest request) {
        return caller.call(NumberInventoryGrpc.getListImportableNumbersMethod(), request);
    }

    /**
     * The asynchronous version of {@link #listImportableNumbers}. Cancelling the future cancels the call.
     *
     * @param request the organization and the page
     * @return a future of one page; it fails with a {@link LocaldialException}
     */
    public CompletableFuture<ListImportableNumbersResponse> listImportableNumbersAsync(
            ListImportableNumbersRequest request) {
        return caller.callAsync(NumberInventoryGrpc.getListImportableNumbersMethod(), request);
    }

    /**
     * Lists all pages, each like {@link #listImportableNumbers}.
     *
     * @param request the organization and the page
     * @return the pages in order, each fetched when it is needed
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
     * Compares the inventory with the carrier, settles pending orders, and reports differences.
     *
     * @param request the organization, or all if it is empty
     * @return what was settled, and the differences
     * @throws LocaldialException if the call fails
     */
    public ReconcileNumbersResponse reconcileNumbers(ReconcileNumbersRequest request) {
        return caller.call(NumberInventoryGrpc.getReconcileNumbersMethod(), request);
    }

    /**
     * The asynchronous version of {@link #reconcileNumbers}. Cancelling the future cancels the call.
     *
     * @param request the organization, or all if it is empty
     * @return a future of what was settled, and the differences; it fails with a {@link LocaldialException}
     */
    public CompletableFuture<ReconcileNumbersResponse> reconcileNumbersAsync(ReconcileNumbersRequest request) {
        return caller.callAsync(NumberInventoryGrpc.getReconcileNumbersMethod(), request);
    }

    /**
     * Stops routing calls to numbers and releases them to the carrier, once for each {@code request_id}. An empty one
     * is filled in.
     *
     * @param request which numbers
     * @return the deleted numbers, and the numbers that failed
     * @throws LocaldialException if the call fails
     */
    public DeleteNumbersResponse deleteNumbers(DeleteNumbersRequest request) {
        return caller.call(NumberInventoryGrpc.getDeleteNumbersMethod(), request);
    }

    /**
     * The asynchronous version of {@link #deleteNumbers}. Cancelling the future cancels the call.
     *
     * @param request which numbers
     * @return a future of the deleted numbers, and the numbers that failed; it fails with a {@link LocaldialException}
     */
    public CompletableFuture<DeleteNumbersResponse> deleteNumbersAsync(DeleteNumbersRequest request) {
        return caller.callAsync(NumberInventoryGrpc.getDeleteNumbersMethod(), request);
    }

    /**
     * Maps more area codes to a number, so that callees there are shown it.
     *
     * @param request the number and the area codes
     * @return the number with all its mappings
     * @throws LocaldialException if the call fails
     */
    public MapAreaCodesResponse mapAreaCodes(MapAreaCodesRequest request) {
        return caller.call(NumberInventoryGrpc.getMapAreaCodesMethod(), request);
    }

    /**
     * The asynchronous version of {@link #mapAreaCodes}. Cancelling the future cancels the call.
     *
     * @param request the number and the area codes
     * @return a future of the number with all its mappings; it fails with a {@link LocaldialException}
     */
    public CompletableFuture<MapAreaCodesResponse> mapAreaCodesAsync(MapAreaCodesRequest request) {
        return caller.callAsync(NumberInventoryGrpc.getMapAreaCodesMethod(), request);
    }

    /**
     * Removes mappings of area codes to a number.
     *
     * @param request the number and the area codes
     * @return the number with its remaining mappings
     * @throws LocaldialException if the call fails
     */
    public UnmapAreaCodesResponse unmapAreaCodes(UnmapAreaCodesRequest request) {
        return caller.call(NumberInventoryGrpc.getUnmapAreaCodesMethod(), request);
    }

    /**
     * The asynchronous version of {@link #unmapAreaCodes}. Cancelling the future cancels the call.
     *
     * @param request the number and the area codes
     * @return a future of the number with its remaining mappings; it fails with a {@link LocaldialException}
     */
    public CompletableFuture<UnmapAreaCodesResponse> unmapAreaCodesAsync(UnmapAreaCodesRequest request) {
        return caller.callAsync(NumberInventoryGrpc.getUnmapAreaCodesMethod(), request);
    }

    /**
     * Counts the calls of the last days by caller ID, and those that showed no local number by area code.
     *
     * @param request the organization, the number of days and the time zone
     * @return the counts
     * @throws LocaldialException if the call fails
     */
    public GetUsageResponse getUsage(GetUsageRequest request) {
        return caller.call(NumberInventoryGrpc.getGetUsageMethod(), request);
    }

    /**
     * The asynchronous version of {@link #getUsage}. Cancelling the future cancels the call.
     *
     * @param request the organization, the number of days and the time zone
     * @return a future of the counts; it fails with a {@link LocaldialException}
     */
    public CompletableFuture<GetUsageResponse> getUsageAsync(GetUsageRequest request) {
        return caller.callAsync(NumberInventoryGrpc.getGetUsageMethod(), request);
    }
}
