package org.localdial.client;

import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import java.security.SecureRandom;
import java.util.UUID;
import java.util.function.UnaryOperator;
import org.localdial.v1.BatchResolveOutboundCallerIdsRequest;
import org.localdial.v1.ResolveOutboundCallerIdRequest;
import org.localdial.v1.RouteInboundCallRequest;

/** Fills in the identifiers that make a call safe to retry. */
public final class RequestIds {
    private static final SecureRandom RANDOM = new SecureRandom();

    private RequestIds() {
    }

    /**
     * Fills in the identifiers that make it safe to repeat a request.
     *
     * <p>An empty {@code request_id} becomes a new UUID, and so does the empty {@code call_id} of a call-back, and of a
     * leg to resolve, unless the leg is {@code validate_only} and records nothing. A server returns its first response
     * again for an identifier that it has seen, so that a repeated call buys, deletes or records only once. Every method
     * does this itself. Use this method to know the identifiers before a call, in order to repeat it yourself.
     *
     * @param <Q> the type of the request
     * @param request the request
     * @return a copy, or the request itself if nothing is missing
     */
    public static <Q extends Message> Q fill(Q request) {
        Message filled = request;
        if (request instanceof ResolveOutboundCallerIdRequest leg) {
            filled = fillLeg(leg);
        } else if (request instanceof BatchResolveOutboundCallerIdsRequest batch) {
            filled = changeLegs(batch, RequestIds::fillLeg);
        } else if (request instanceof RouteInboundCallRequest callBack) {
            filled = callBack.getCallId().isEmpty() ? callBack.toBuilder().setCallId(newId()).build() : callBack;
        } else {
            // ReportInboundCallOutcome also has a call_id, which must not be new.
            FieldDescriptor id = request.getDescriptorForType().findFieldByName("request_id");
            if (id != null && request.getField(id).equals("")) {
                filled = request.toBuilder().setField(id, newId()).build();
            }
        }
        @SuppressWarnings("unchecked") // a builder builds the type that it came from
        Q sameType = (Q) filled;
        return sameType;
    }

    /** Applies a change to each leg of a batch. Returns the batch itself if no leg changed. */
    static BatchResolveOutboundCallerIdsRequest changeLegs(
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
        return complete ? leg : leg.toBuilder().setCallId(newId()).build();
    }

    /**
     * Returns a UUID of version 7 (RFC 9562). It begins with the time, so that a database inserts new calls in the same
     * part of its index.
     */
    private static String newId() {
        long timeAndVersion = System.currentTimeMillis() << 16 | 0x7000L | RANDOM.nextInt(1 << 12);
        long variantAndRest = 0b10L << 62 | RANDOM.nextLong() >>> 2;
        return new UUID(timeAndVersion, variantAndRest).toString();
    }
}
