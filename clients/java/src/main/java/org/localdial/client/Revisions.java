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
import org.localdial.v1.ExplainOutboundCallerIdRequest;
import org.localdial.v1.ResolveOutboundCallerIdRequest;

/**
 * Remembers the highest revision that a change returned, for each organization, so that later calls to resolve or
 * explain see the change, whichever server answers them.
 */
final class Revisions {
    /** The reason of a server whose database was restored to an earlier state than the requested revision. */
    static final String NOT_REACHED = Errors.name(ErrorReason.ERROR_REASON_REVISION_NOT_REACHED);

    static final int MAX_ORGANIZATIONS = 10_000;

    private static final float LOAD_FACTOR = 0.75f;

    /** By organization, the least recently used first. Guarded by the lock of this object. */
    private final Map<String, Long> newest = new LinkedHashMap<>(16, LOAD_FACTOR, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Long> eldest) {
            return size() > MAX_ORGANIZATIONS;
        }
    };

    /** Sets the {@code min_revision} of each leg that has none. Returns a copy, or the request if nothing changes. */
    <Q extends Message> Q withMinRevision(Q request) {
        Message filled = request;
        if (request instanceof ResolveOutboundCallerIdRequest leg) {
            filled = fillLeg(leg);
        } else if (request instanceof ExplainOutboundCallerIdRequest explained) {
            filled = fillExplained(explained);
        } else if (request instanceof BatchResolveOutboundCallerIdsRequest batch) {
            filled = RequestIds.changeLegs(batch, this::fillLeg);
        }
        @SuppressWarnings("unchecked") // a builder builds the type that it came from
        Q sameType = (Q) filled;
        return sameType;
    }

    private ResolveOutboundCallerIdRequest fillLeg(ResolveOutboundCallerIdRequest leg) {
        Long revision = missingRevision(leg.getOrganizationId(), leg.getMinRevision());
        return revision == null ? leg : leg.toBuilder().setMinRevision(revision).build();
    }

    private ExplainOutboundCallerIdRequest fillExplained(ExplainOutboundCallerIdRequest explained) {
        Long revision = missingRevision(explained.getOrganizationId(), explained.getMinRevision());
        return revision == null
                ? explained
                : explained.toBuilder().setMinRevision(revision).build();
    }

    /** Returns the revision that a call has to see, or null if it has one of its own or none is remembered. */
    private synchronized Long missingRevision(String organization, long own) {
        return own == 0 ? newest.get(organization) : null;
    }

    /** Remembers the revision of a change, and forgets those that the legs of a batch report as not reached. */
    void learn(MethodDescriptor<?, ?> method, Message sent, Message answer) {
        if (answer instanceof BatchResolveOutboundCallerIdsResponse batch) {
            forgetLegs((BatchResolveOutboundCallerIdsRequest) sent, batch);
            return;
        }
        FieldDescriptor revision = answer.getDescriptorForType().findFieldByName("revision");
        // A response to resolve has a revision too, but changes nothing.
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
     * Forgets the remembered revision of an organization that did not reach it. A leg with a newer revision of its own
     * does not show that, so it changes nothing.
     */
    void forget(Message sent) {
        if (sent instanceof ResolveOutboundCallerIdRequest leg) {
            forget(leg.getOrganizationId(), leg.getMinRevision());
        } else if (sent instanceof ExplainOutboundCallerIdRequest explained) {
            forget(explained.getOrganizationId(), explained.getMinRevision());
        }
    }

    private synchronized void forget(String organization, long revision) {
        if (newest.getOrDefault(organization, 0L) >= revision) {
            newest.remove(organization);
        }
    }

    /** Returns the {@code organization_id} of a request, or of the resource that it sets; empty if there is none. */
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
