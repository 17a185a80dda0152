package org.localdial.client;

import com.google.protobuf.Message;
import io.grpc.CallCredentials;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptors;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** Makes the calls of a client, or of a view of it with its own timeout and metadata. */
final class Caller {
    /** The methods that wait for the carrier, which may take seconds for each number. */
    static final Set<String> CARRIER_METHODS = Set.of(
            "localdial.v1.NumberInventory/SearchAvailableNumbers",
            "localdial.v1.NumberInventory/PurchaseNumbers",
            "localdial.v1.NumberInventory/ImportNumbers",
            "localdial.v1.NumberInventory/DeleteNumbers",
            "localdial.v1.NumberInventory/ListImportableNumbers",
            "localdial.v1.NumberInventory/ReconcileNumbers");

    private static final Metadata.Key<String> AUTHORIZATION =
            Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

    private final Channel channel;
    private final String addresses;
    private final BooleanSupplier closed;
    private final Duration timeout;
    private final Duration carrierTimeout;
    private final CallCredentials credentials;
    private final Revisions revisions;

    /** {@code key} and {@code revisions} may be null: then no key and no {@code min_revision} is sent. */
    Caller(Channel channel, String addresses, BooleanSupplier closed, Duration timeout, Duration carrierTimeout,
            String key, Revisions revisions) {
        this(channel, addresses, closed, timeout, carrierTimeout, key == null ? null : new Key(key), revisions);
    }

    private Caller(Channel channel, String addresses, BooleanSupplier closed, Duration timeout,
            Duration carrierTimeout, CallCredentials credentials, Revisions revisions) {
        this.channel = channel;
        this.addresses = addresses;
        this.closed = closed;
        this.timeout = timeout;
        this.carrierTimeout = carrierTimeout;
        this.credentials = credentials;
        this.revisions = revisions;
    }

    Caller withTimeout(Duration other) {
        return new Caller(channel, addresses, closed, other, other, credentials, revisions);
    }

    Caller withMetadata(Metadata metadata) {
        Metadata copy = new Metadata();
        copy.merge(metadata);
        Channel with = ClientInterceptors.intercept(channel, MetadataUtils.newAttachHeadersInterceptor(copy));
        // The caller's own key replaces that of the client, because a server could use either of two.
        CallCredentials key = copy.containsKey(AUTHORIZATION) ? null : credentials;
        return new Caller(with, addresses, closed, timeout, carrierTimeout, key, revisions);
    }

    <Q extends Message, A extends Message> A call(MethodDescriptor<Q, A> method, Q request) {
        Q sent = prepare(request);
        Attempts attempts = new Attempts(addresses);
        CallOptions options = options(method, attempts);
        for (int attempt = 1;; attempt++) {
            try {
                A answer = ClientCalls.blockingUnaryCall(channel, method, options, sent);
                learn(method, sent, answer);
                return answer;
            } catch (StatusRuntimeException error) {
                LocaldialException failure = failure(error, sent, attempts);
                Duration pause = Overload.pauseAfter(failure, attempt, options.getDeadline()).orElseThrow(() -> failure);
                sleep(pause, failure);
            }
        }
    }

    private static void sleep(Duration pause, LocaldialException failure) {
        try {
            TimeUnit.NANOSECONDS.sleep(pause.toNanos());
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw failure;
        }
    }

    <Q extends Message, A extends Message> CompletableFuture<A> callAsync(MethodDescriptor<Q, A> method, Q request) {
        Q sent = prepare(request);
        CompletableFuture<A> future = new CompletableFuture<>();
        Attempts attempts = new Attempts(addresses);
        start(method, sent, options(method, attempts), attempts, 1, future);
        return future;
    }

    private <Q extends Message, A extends Message> void start(MethodDescriptor<Q, A> method, Q sent,
            CallOptions options, Attempts attempts, int attempt, CompletableFuture<A> future) {
        ClientCall<Q, A> call = channel.newCall(method, options);
        ClientCalls.asyncUnaryCall(call, sent, new StreamObserver<A>() {
            private A answer;

            @Override
            public void onNext(A value) {
                answer = value;
            }

            @Override
            public void onError(Throwable error) {
                LocaldialException failure = failure(error, sent, attempts);
                Overload.pauseAfter(failure, attempt, options.getDeadline()).ifPresentOrElse(
                        pause -> CompletableFuture.delayedExecutor(pause.toNanos(), TimeUnit.NANOSECONDS).execute(
                                () -> {
                                    if (!future.isDone()) {
                                        start(method, sent, options, attempts, attempt + 1, future);
                                    }
                                }),
                        () -> future.completeExceptionally(failure));
            }

            @Override
            public void onCompleted() {
                learn(method, sent, answer);
                future.complete(answer);
            }
        });
        // If the caller cancels the future or it times out, end the call on the server too.
        future.whenComplete((answer, error) -> {
            if (error != null) {
                call.cancel("the caller no longer waits", null);
            }
        });
    }

    private <Q extends Message> Q prepare(Q request) {
        if (closed.getAsBoolean()) {
            throw new IllegalStateException("the client is closed");
        }
        Q identified = RequestIds.fill(request);
        return revisions == null ? identified : revisions.withMinRevision(identified);
    }

    private CallOptions options(MethodDescriptor<?, ?> method, Attempts attempts) {
        Duration limit = CARRIER_METHODS.contains(method.getFullMethodName()) ? carrierTimeout : timeout;
        return CallOptions.DEFAULT
                .withCallCredentials(credentials)
                .withStreamTracerFactory(attempts)
                .withDeadlineAfter(limit.toNanos(), TimeUnit.NANOSECONDS);
    }

    private void learn(MethodDescriptor<?, ?> method, Message sent, Message answer) {
        if (revisions != null) {
            revisions.learn(method, sent, answer);
        }
    }

    private LocaldialException failure(Throwable thrown, Message sent, Attempts attempts) {
        LocaldialException error = Errors.fromCall(thrown, sent, attempts);
        if (closed.getAsBoolean() && error.getCode() == Status.Code.UNAVAILABLE) {
            // gRPC reports a call that the closing of the channel ended as UNAVAILABLE.
            Errors.Details details = Errors.of(Status.Code.CANCELLED, "the client was closed during the call");
            error = new CancelledException(details.request(sent).cause(thrown));
        }
        if (revisions != null && error.getReason().equals(Revisions.NOT_REACHED)) {
            revisions.forget(sent);
        }
        return error;
    }

    /** Sends the key with each attempt of a call. */
    private static final class Key extends CallCredentials {
        private final String value;

        Key(String key) {
            value = "Bearer " + key;
        }

        @Override
        public void applyRequestMetadata(RequestInfo info, Executor executor, MetadataApplier applier) {
            Metadata headers = new Metadata();
            headers.put(AUTHORIZATION, value);
            applier.apply(headers);
        }
    }
}
