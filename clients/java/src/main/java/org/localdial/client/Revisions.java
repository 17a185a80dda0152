package org.localdial.client;

import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import io.grpc.MethodDescriptor;
import java.util.LinkedHashMap;
import java.util.Map;
import org.localdial.v1.BatchResolveOutboundCallerIdsRequest;
import org.localdial.v1.BatchResolveOutboundCallerIdsResponse;
import org.localdial.v1.BatchResolveOutboundCallerIdsResult;
import org.localdial.v1.CallRoutingGrpc;
import org.localdial.v1.ErrorReason;
import org.localdial.v1.ResolveOutboundCallerIdRequest;

/**
 * Remembers the newest revision that a change answered, for each organization, so that an outbound call after it sees
 * the change on whichever server it comes to.
 */
final class Revisions {
    /** The reason of a server that has no such revision: its database was restored from an older copy. */
    static final String NOT_REACHED = Errors.name(ErrorReason.ERROR_REASON_REVISION_NOT_REACHED);

    static final int MAX_ORGANIZATIONS = 10_000;

    private static final float LOAD_FACTOR = 0.75f;

    /** By organization, in the order of their last use. Only touched while this object is locked. */
    private final Map<String, Long> newest = new LinkedHashMap<>(16, LOAD_FACTOR, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Long> eldest) {
            return size() > MAX_ORGANIZATIONS;
        }
    };

    /** Fills in {@code min_revision} where a request has none. */
    <Q extends Message> Q carry(Q request) {
        Message carried = request;
        if (request instanceof ResolveOutboundCallerIdRequest leg) {
            carried = carryLeg(leg);
        } else if (request instanceof BatchResolveOutboundCallerIdsRequest batch) {
            carried = RequestIds.eachLeg(batch, this::carryLeg);
        }
        @SuppressWarnings("unchecked") // a builder makes what it was made from
        Q sameType = (Q) carried;
        return sameType;
    }

    private synchronized ResolveOutboundCallerIdRequest carryLeg(ResolveOutboundCallerIdRequest leg) {
        Long revision = leg.getMinRevision() == 0 ? newest.get(leg.getOrganizationId()) : null;
        return revision == null ? leg : leg.toBuilder().setMinRevision(revision).build();
    }

    /** Takes what there is to be known from an answer. */
    void learn(MethodDescriptor<?, ?> method, Message sent, Message answer) {
        if (answer instanceof BatchResolveOutboundCallerIdsResponse batch) {
            forgetLegs((BatchResolveOutboundCallerIdsRequest) sent, batch);
            return;
        }
        FieldDescriptor revision = answer.getDescriptorForType().findFieldByName("revision");
        // A resolve answers a revision too, but changes nothing.
        if (revision != null && !CallRoutingGrpc.SERVICE_NAME.equals(method.getServiceName())) {
            remember(organizationOf(sent), (Long) answer.getField(revision));
        }
    }

    private synchronized void remember(String organization, long revision) {
        if (revision > 0 && !organization.isEmpty()) {
            newest.merge(organization, revision, Math::max);
        }
    }

    private void forgetLegs(BatchResolveOutboundCallerIdsRequest sent, BatchResolveOutboundCallerIdsResponse answer) {
        int legs = Math.min(sent.getRequestsCount(), answer.getResultsCount());
        for (int index = 0; index < legs; index++) {
            BatchResolveOutboundCallerIdsResult result = answer.getResults(index);
            if (result.hasStatus() && Errors.reasonOf(result.getStatus()).equals(NOT_REACHED)) {
                forget(sent.getRequests(index));
            }
        }
    }

    /**
     * Forgets what the organization never reached. What the leg asked for itself may have been newer, and says nothing
     * of what is remembered.
     */
    synchronized void forget(Message sent) {
        if (sent instanceof ResolveOutboundCallerIdRequest leg
                && newest.getOrDefault(leg.getOrganizationId(), 0L) >= leg.getMinRevision()) {
            newest.remove(leg.getOrganizationId());
        }
    }

    /** Finds the organization of a change: in the request itself, or in the one thing that it sets. */
    private static String organizationOf(Message request) {
        FieldDescriptor own = request.getDescriptorForType().findFieldByName("organization_id");
        if (own != null) {
            return (String) request.getField(own);
        }
        for (Object value : request.getAllFields().values()) {
            if (value instanceof Message set) {
                return organizationOf(set);
            }
        }
        return "";
    }
}
