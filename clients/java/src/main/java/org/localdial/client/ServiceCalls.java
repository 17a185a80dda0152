package org.localdial.client;

import io.grpc.Metadata;
import java.time.Duration;
import java.util.Objects;

/**
 * The base of the services of a client. Returns views of a service whose calls have their own deadline or metadata.
 *
 * @param <S> the service
 */
public abstract class ServiceCalls<S extends ServiceCalls<S>> {
    final Caller caller;

    ServiceCalls(Caller caller) {
        this.caller = caller;
    }

    abstract S with(Caller other);

    /**
     * Returns a view of the service with its own deadline, instead of the client's.
     *
     * @param timeout the deadline of a call, which includes all its retries
     * @return the service with this deadline for all methods; this object is unchanged
     */
    public S withTimeout(Duration timeout) {
        return with(caller.withTimeout(Objects.requireNonNull(timeout, "timeout")));
    }

    /**
     * Returns a view of the service that sends more metadata with each call.
     *
     * @param metadata the metadata, which is copied
     * @return the service with this metadata for all methods; this object is unchanged
     */
    public S withMetadata(Metadata metadata) {
        return with(caller.withMetadata(metadata));
    }
}
