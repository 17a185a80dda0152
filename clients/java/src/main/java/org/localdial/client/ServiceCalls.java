package org.localdial.client;

import io.grpc.Metadata;
import java.time.Duration;
import java.util.Objects;

/**
 * What the services of a client have in common: views of them whose calls have a deadline or metadata of their own.
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
     * Gives calls another deadline than the client's.
     *
     * @param timeout the deadline, over all repeats of a call together
     * @return the service with this deadline for all its methods; this one stays as it is
     */
    public S withTimeout(Duration timeout) {
        return with(caller.withTimeout(Objects.requireNonNull(timeout, "timeout")));
    }

    /**
     * Sends further metadata with calls.
     *
     * @param metadata the metadata; copied
     * @return the service with this metadata for all its methods; this one stays as it is
     */
    public S withMetadata(Metadata metadata) {
        return with(caller.withMetadata(metadata));
    }
}
