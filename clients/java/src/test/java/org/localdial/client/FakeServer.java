package org.localdial.client;

import com.google.protobuf.Any;
import com.google.protobuf.Message;
import com.google.rpc.Status;
import io.grpc.Context;
import io.grpc.HandlerRegistry;
import io.grpc.InsecureServerCredentials;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerCredentials;
import io.grpc.ServerMethodDefinition;
import io.grpc.ServiceDescriptor;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.localdial.v1.CallRoutingGrpc;
import org.localdial.v1.DirectoryGrpc;
import org.localdial.v1.NumberInventoryGrpc;

/** A gRPC server on loopback that serves every method of the contract with the answers that a test sets. */
final class FakeServer implements AutoCloseable {
    /** No test takes this long. It fails a test that would otherwise hang. */
    static final long PATIENCE_SECONDS = 30;

    static final List<ServiceDescriptor> SERVICES = List.of(
            CallRoutingGrpc.getServiceDescriptor(),
            DirectoryGrpc.getServiceDescriptor(),
            NumberInventoryGrpc.getServiceDescriptor());

    private static final Map<String, MethodDescriptor<?, ?>> METHODS = SERVICES.stream()
            .flatMap(service -> service.getMethods().stream())
            .collect(Collectors.toMap(MethodDescriptor::getFullMethodName, Function.identity()));
    private static final Metadata.Key<byte[]> DETAILS =
            Metadata.Key.of("grpc-status-details-bin", Metadata.BINARY_BYTE_MARSHALLER);

    /** A call as the server received it. */
    record Received(String method, Message request, Metadata headers, double secondsLeft) {
        String header(String name) {
            return headers.get(Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER));
        }
    }

    /** An answer to a call. */
    interface Answer {
        void to(StreamObserver<Message> caller);
    }

    final List<Received> received = new CopyOnWriteArrayList<>();
    private final Queue<Answer> answers = new ConcurrentLinkedQueue<>();
    private final ServerCredentials credentials;
    private volatile String requiredKey;
    private Server server;

    FakeServer() {
        this(InsecureServerCredentials.create());
    }

    FakeServer(ServerCredentials credentials) {
        this.credentials = credentials;
        start(0);
    }

    /** Returns a builder for a client of this server, with a deadline that no busy machine exceeds. */
    LocaldialClient.Builder client() {
        return client(address());
    }

    /** Returns the same for another address. */
    static LocaldialClient.Builder client(String address) {
        return LocaldialClient.builder().address(address).timeout(Duration.ofSeconds(PATIENCE_SECONDS));
    }

    String address() {
        return "127.0.0.1:" + server.getPort();
    }

    /** Refuses calls without this key. */
    void requireKey(String key) {
        requiredKey = key;
    }

    /** Adds answers for the next calls. Without one, a call gets an empty response. */
    void answers(Answer... next) {
        answers.addAll(Arrays.asList(next));
    }

    void answers(int times, Answer next) {
        Stream.generate(() -> next).limit(times).forEach(answers::add);
    }

    void forgetAnswers() {
        answers.clear();
    }

    Message request(int index) {
        return received.get(index).request();
    }

    /** Stops immediately, with all calls and connections. Returns the port. */
    int stop() {
        int port = server.getPort();
        server.shutdownNow();
        try {
            server.awaitTermination(PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException error) {
            throw new IllegalStateException(error);
        }
        return port;
    }

    @Override
    public void close() {
        server.shutdownNow();
    }

    void start(int port) {
        try {
            server = NettyServerBuilder.forAddress(new InetSocketAddress("127.0.0.1", port), credentials)
                    .maxInboundMessageSize(16 << 20)
                    .fallbackHandlerRegistry(new Methods())
                    .build()
                    .start();
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
    }

    static Answer reply(Message message) {
        return caller -> {
            caller.onNext(message);
            caller.onCompleted();
        };
    }

    /** Returns an answer that ends the call with a status and its details, if any. */
    static Answer fail(io.grpc.Status.Code code, String message, Message... details) {
        return failRaw(code, message, details.length == 0 ? null : status(code, message, details).toByteArray());
    }

    /** Returns an answer that ends the call with a status and these bytes as its details; null for no details. */
    static Answer failRaw(io.grpc.Status.Code code, String message, byte[] details) {
        Metadata trailers = new Metadata();
        if (details != null) {
            trailers.put(DETAILS, details);
        }
        return caller -> caller.onError(new StatusRuntimeException(code.toStatus().withDescription(message), trailers));
    }

    static Status status(io.grpc.Status.Code code, String message, Message... details) {
        return Status.newBuilder().setCode(code.value()).setMessage(message)
                .addAllDetails(Arrays.stream(details).map(Any::pack).toList()).build();
    }

    /** An answer that never comes. The latches show when the call arrived and when the caller gave up. */
    static final class Hang implements Answer {
        final CountDownLatch started = new CountDownLatch(1);
        final CountDownLatch ended = new CountDownLatch(1);

        @Override
        public void to(StreamObserver<Message> caller) {
            Context.current().addListener(context -> ended.countDown(), Runnable::run);
            started.countDown();
        }

        static boolean within(CountDownLatch latch) throws InterruptedException {
            return latch.await(PATIENCE_SECONDS, TimeUnit.SECONDS);
        }
    }

    private final class Methods extends HandlerRegistry {
        @Override
        public ServerMethodDefinition<?, ?> lookupMethod(String name, String authority) {
            MethodDescriptor<?, ?> method = METHODS.get(name);
            return method == null ? null : definition(method);
        }

        private <Q, A> ServerMethodDefinition<Q, A> definition(MethodDescriptor<Q, A> method) {
            return ServerMethodDefinition.create(method, new Handler<>(method));
        }
    }

    private final class Handler<Q, A> implements ServerCallHandler<Q, A> {
        private final MethodDescriptor<Q, A> method;

        Handler(MethodDescriptor<Q, A> method) {
            this.method = method;
        }

        @Override
        public ServerCall.Listener<Q> startCall(ServerCall<Q, A> call, Metadata headers) {
            return ServerCalls.<Q, A>asyncUnaryCall((request, caller) -> {
                var deadline = Context.current().getDeadline();
                double left = deadline == null ? Double.NaN : deadline.timeRemaining(TimeUnit.MILLISECONDS) / 1e3;
                received.add(new Received(method.getFullMethodName(), (Message) request, headers, left));
                @SuppressWarnings("unchecked") // tests only set responses of the right type
                StreamObserver<Message> answered = (StreamObserver<Message>) caller;
                answer(headers).to(answered);
            }).startCall(call, headers);
        }

        private Answer answer(Metadata headers) {
            String sent = headers.get(Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER));
            if (requiredKey != null && !("Bearer " + requiredKey).equals(sent)) {
                return fail(io.grpc.Status.Code.UNAUTHENTICATED, "the key is not known");
            }
            Answer next = answers.poll();
            return next != null ? next : reply((Message) method.parseResponse(InputStream.nullInputStream()));
        }
    }
}
