package org.localdial.client;

import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import java.security.SecureRandom;
import java.util.UUID;
import java.util.function.UnaryOperator;
import org.localdial.v1.BatchResolveOutboundCallerIdsRequest;
import org.localdial.v1.ResolveOutboundCallerIdRequest;

/** Identifiers that make a call safe to repeat. */
public final class RequestIds {
    private static final SecureRandom RANDOM = new SecureRandom();

    private RequestIds() {
    }

    /**
     * Fills in every identifier that makes a repeat of the request harmless.
     *
     * <p>An empty {@code request_id} becomes a fresh UUID; so does an empty {@code call_id} of a leg to resolve,
     * unless the leg is {@code validate_only} and records nothing. A server answers the same identifier with its
     * first answer, so that a repeat buys, deletes and records once. Every method does this by itself; it is for
     * callers who want to know the identifiers beforehand, to repeat the call on their own.
     *
     * @param <Q> the type of the request
     * @param request the request
     * @return a copy, or the request itself where nothing is missing
     */
    public static <Q extends Message> Q fill(Q request) {
        Message filled = request;
        if (request instanceof ResolveOutboundCallerIdRequest leg) {
            filled = fillLeg(leg);
        } else if (request instanceof BatchResolveOutboundCallerIdsRequest batch) {
            filled = eachLeg(batch, RequestIds::fillLeg);
        } else {
            // RouteInboundCall has a call_id too, but records nothing under it: only request_id goes by its name.
            FieldDescriptor id = request.getDescriptorForType().findFieldByName("request_id");
            if (id != null && request.getField(id).equals("")) {
                filled = request.toBuilder().setField(id, fresh()).build();
            }
        }
        @SuppressWarnings("unchecked") // a builder makes what it was made from
        Q sameType = (Q) filled;
        return sameType;
    }

    /** Changes each leg of a batch by itself; answers the batch itself where none changed. */
    static BatchResolveOutboundCallerIdsRequest eachLeg(
            BatchResolveOutboundCallerIdsRequest batch, UnaryOperator<ResolveOutboundCallerIdRequest> change) {
        BatchResolveOutboundCallerIdsRequest.Builder changed = null;
        for (int index = 0; index < batch.getRequestsCount(); index++) {
            ResolveOutboundCallerIdRequest leg = change.apply(batch.getRequests(index));
            if (leg != batch.getRequests(index)) {
                changed = changed == null ? batch.toBuilder() : changed;
                changed.setRequests(index, leg);
            }
        }
        return changed == null ? batch : changed.build();
    }

    private static ResolveOutboundCallerIdRequest fillLeg(ResolveOutboundCallerIdRequest leg) {
        boolean complete = !leg.getCallId().isEmpty() || leg.getValidateOnly();
        return complete ? leg : leg.toBuilder().setCallId(fresh()).build();
    }

    /**
     * Makes a UUID of version 7 (RFC 9562). It begins with the time, so that a database keeps the records of calls
     * together in its index.
     */
    private static String fresh() {
        long timeAndVersion = System.currentTimeMillis() << 16 | 0x7000L | RANDOM.nextInt(1 << 12);
        long variantAndRest = 0b10L << 62 | RANDOM.nextLong() >>> 2;
        return new UUID(timeAndVersion, variantAndRest).toString();
    }
}
