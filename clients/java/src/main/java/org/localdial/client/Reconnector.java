package org.localdial.client;

import io.grpc.Attributes;
import io.grpc.ClientTransportFilter;
import io.grpc.ConnectivityState;
import io.grpc.ManagedChannel;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;

/**
 * Reconnects a lost connection after 0.1 s, 0.2 s and so on, up to every second.
 *
 * <p>gRPC's own pauses grow from one second to two minutes and cannot be configured, and calls fail during a pause.
 * Phone calls need the service as soon as it is back, within the retries of one call.
 */
final class Reconnector extends ClientTransportFilter {
    private static final double FIRST_DELAY_MS = 100;
    private static final double MAX_DELAY_MS = 1000;
    private static final double JITTER = 0.2;

    private volatile ManagedChannel channel;
    private double delay = FIRST_DELAY_MS;
    private boolean scheduled;

    /** Starts to watch the channel, which must have this object as a transport filter. Returns the channel. */
    ManagedChannel watch(ManagedChannel channel) {
        this.channel = channel;
        stateChanged();
        return channel;
    }

    @Override
    public synchronized Attributes transportReady(Attributes attributes) {
        delay = FIRST_DELAY_MS;
        return attributes;
    }

    /** Called when a connection ends or cannot be made. The channel may have other connections. */
    @Override
    public void transportTerminated(Attributes attributes) {
        schedule();
    }

    /** Notices a failure without any connection, such as a name that cannot be resolved. */
    private void stateChanged() {
        ConnectivityState state = channel.getState(false);
        if (state != ConnectivityState.SHUTDOWN) {
            channel.notifyWhenStateChanged(state, this::stateChanged);
        }
        if (state == ConnectivityState.TRANSIENT_FAILURE) {
            schedule();
        }
    }

    private synchronized void schedule() {
        if (scheduled || channel.isShutdown()) {
            return;
        }
        scheduled = true;
        double wait = delay * ThreadLocalRandom.current().nextDouble(1 - JITTER, 1 + JITTER);
        delay = Math.min(2 * delay, MAX_DELAY_MS);
        Executor later = CompletableFuture.delayedExecutor((long) wait, TimeUnit.MILLISECONDS, Runnable::run);
        later.execute(this::reconnect);
    }

    private void reconnect() {
        synchronized (this) {
            scheduled = false;
        }
        if (channel.isShutdown()) {
            return;
        }
        channel.resetConnectBackoff();
        if (channel.getState(false) == ConnectivityState.TRANSIENT_FAILURE) {
            schedule();
        }
    }
}
