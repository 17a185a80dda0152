package org.localdial.client;

import io.grpc.Deadline;
import io.grpc.Status;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.localdial.v1.ErrorReason;

/**
 * When a call is repeated that an overloaded server refused. gRPC's own retries cannot tell an overload from other errors
 * with the status RESOURCE_EXHAUSTED, such as the limits on purchases: repeating those does not help.
 */
final class Overload {
    /** That of the service config. */
    private static final int MAX_ATTEMPTS = 5;
    private static final Duration FIRST_PAUSE = Duration.ofMillis(100);
    private static final double JITTER = 0.2;

    private Overload() {
    }

    /**
     * Returns how long to wait before the call is repeated, which failed at its {@code attempt}th attempt. Empty if it
     * failed for another reason or has no time left. An overloaded server did nothing, so any method may be repeated.
     */
    static Optional<Duration> pauseAfter(LocaldialException failure, int attempt, Deadline deadline) {
        if (failure.getCode() != Status.Code.RESOURCE_EXHAUSTED
                || !failure.hasReason(ErrorReason.ERROR_REASON_OVERLOADED)
                || attempt >= MAX_ATTEMPTS) {
            return Optional.empty();
        }
        long pause = failure.getRetryDelay().orElse(FIRST_PAUSE.multipliedBy(1L << (attempt - 1))).toNanos();
        if (deadline.timeRemaining(TimeUnit.NANOSECONDS) <= pause) {
            return Optional.empty();
        }
        // What the server refused at once must not come back at once.
        return Optional.of(Duration.ofNanos((long) (pause * (1 + JITTER * ThreadLocalRandom.current().nextDouble()))));
    }
}
