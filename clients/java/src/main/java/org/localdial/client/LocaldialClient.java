package org.localdial.client;

import io.grpc.ChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/**
 * A connection to the service. Thread-safe: make one and share it.
 *
 * <pre>{@code
 * try (LocaldialClient client = LocaldialClient.builder().address("127.0.0.1:50051").build()) {
 *     RouteInboundCallResponse route = client.callRouting().withTimeout(Duration.ofMillis(500))
 *             .routeInboundCall(RouteInboundCallRequest.newBuilder()
 *                     .setCalledNumber("+14155550100").setCallerNumber("+12125550123").build());
 * }
 * }</pre>
 *
 * <p>Nothing is connected before the first call. Every call has a deadline; it is repeated where that is safe, on
 * another server where there are several; and it throws a {@link LocaldialException} when it fails.
 */
public final class LocaldialClient implements AutoCloseable {
    /** The version of this client, in step with the contract that it was built from. */
    public static final String VERSION = "0.1.0";

    private static final long CLOSE_SECONDS = 5;

    private final ManagedChannel channel;
    private final AtomicBoolean closed = new AtomicBoolean();
    private final CallRouting callRouting;
    private final NumberInventory numberInventory;
    private final Directory directory;

    private LocaldialClient(Builder builder) {
        Revisions revisions = builder.readYourWrites ? new Revisions() : null;
        channel = Channels.open(builder);
        Caller caller =
                new Caller(channel, closed::get, builder.timeout, builder.carrierTimeout, builder.key, revisions);
        callRouting = new CallRouting(caller);
        numberInventory = new NumberInventory(caller);
        directory = new Directory(caller);
    }

    /**
     * Starts to set up a client.
     *
     * @return a builder with the defaults
     */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * Which caller ID an outbound call shows, and where a call-back goes.
     *
     * @return the methods of the service {@code CallRouting}
     */
    public CallRouting callRouting() {
        return callRouting;
    }

    /**
     * The local presence numbers: list, buy, import and delete them, and map area codes to them.
     *
     * @return the methods of the service {@code NumberInventory}
     */
    public NumberInventory numberInventory() {
        return numberInventory;
    }

    /**
     * The organizations and their users.
     *
     * @return the methods of the service {@code Directory}
     */
    public Directory directory() {
        return directory;
    }

    /**
     * Closes the connection at once. Calls in flight throw {@link CancelledException}; later ones throw
     * IllegalStateException. May be called again.
     */
    @Override
    public void close() {
        closed.set(true);
        channel.shutdownNow();
        try {
            // The sockets are closed by other threads, within milliseconds.
            channel.awaitTermination(CLOSE_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** Sets up a {@link LocaldialClient}. Only an address is required. */
    public static final class Builder {
        final List<String> addresses = new ArrayList<>();
        String key;
        Boolean tls;
        Path rootCertificate;
        Path clientCertificate;
        Path clientKey;
        ChannelCredentials credentials;
        // A phone rings meanwhile: better an error that the dialer can act upon than a late answer.
        Duration timeout = Duration.ofSeconds(5);
        // The carrier may take seconds for each number, and a purchase that is given up half way must be asked
        // about again.
        Duration carrierTimeout = Duration.ofSeconds(60);
        boolean readYourWrites = true;
        Consumer<ManagedChannelBuilder<?>> configureChannel = channel -> { };

        private Builder() {
        }

        /**
         * Adds the address of a server: {@code host:port}, or any other gRPC target, such as
         * {@code dns:///localdial.internal:50051}. Where a name has several addresses, or this is called several
         * times, the calls are spread over all of them.
         *
         * @param address the address
         * @return this builder
         */
        public Builder address(String address) {
            addresses.add(Objects.requireNonNull(address, "address"));
            return this;
        }

        /**
         * Adds the addresses of several servers, each as {@code host:port}. The calls are spread over them.
         *
         * @param addresses the addresses
         * @return this builder
         */
        public Builder addresses(Iterable<String> addresses) {
            addresses.forEach(this::address);
            return this;
        }

        /**
         * Sets the key that proves who calls. It is sent with every call, and needs TLS unless every address is on
         * this machine.
         *
         * @param key the key; visible ASCII characters
         * @return this builder
         */
        public Builder key(String key) {
            this.key = Objects.requireNonNull(key, "key");
            return this;
        }

        /**
         * Encrypts the connection, or does not. By default it is encrypted where a certificate is set.
         *
         * @param tls whether to encrypt; without a root certificate the server's is checked by those of the JVM
         * @return this builder
         */
        public Builder tls(boolean tls) {
            this.tls = tls;
            return this;
        }

        /**
         * Encrypts the connection, and trusts servers whose certificate goes back to this one.
         *
         * @param rootCertificate a PEM file of one or more certificates
         * @return this builder
         */
        public Builder rootCertificate(Path rootCertificate) {
            this.rootCertificate = Objects.requireNonNull(rootCertificate, "rootCertificate");
            return this;
        }

        /**
         * Encrypts the connection, and shows the server a certificate of the client's own.
         *
         * @param certificate a PEM file: the certificate, followed by those in between it and the root
         * @param privateKey a PEM file: its private key, not encrypted
         * @return this builder
         */
        public Builder clientCertificate(Path certificate, Path privateKey) {
            this.clientCertificate = Objects.requireNonNull(certificate, "certificate");
            this.clientKey = Objects.requireNonNull(privateKey, "privateKey");
            return this;
        }

        /**
         * Sets the channel credentials as a whole, such as certificates that are not in files. They take the place
         * of {@link #tls}, {@link #rootCertificate} and {@link #clientCertificate}.
         *
         * @param credentials the credentials
         * @return this builder
         */
        public Builder credentials(ChannelCredentials credentials) {
            this.credentials = Objects.requireNonNull(credentials, "credentials");
            return this;
        }

        /**
         * Sets the default deadline of a call, over all its repeats together. 5 seconds if unset.
         *
         * @param timeout the deadline
         * @return this builder
         */
        public Builder timeout(Duration timeout) {
            this.timeout = positive(timeout, "timeout");
            return this;
        }

        /**
         * Sets the default deadline of the calls that wait for the carrier: search, purchase, import, reconcile and
         * delete numbers. 60 seconds if unset.
         *
         * @param carrierTimeout the deadline
         * @return this builder
         */
        public Builder carrierTimeout(Duration carrierTimeout) {
            this.carrierTimeout = positive(carrierTimeout, "carrierTimeout");
            return this;
        }

        /**
         * Says whether an outbound call sees every change that this client made before, whichever server answers
         * it. True if unset.
         *
         * @param readYourWrites whether it does
         * @return this builder
         */
        public Builder readYourWrites(boolean readYourWrites) {
            this.readYourWrites = readYourWrites;
            return this;
        }

        /**
         * Changes how gRPC's channel is set up, after this package has: for tracing interceptors, another
         * keepalive, an executor.
         *
         * @param configureChannel what to change; applied in {@link #build}
         * @return this builder
         */
        public Builder configureChannel(Consumer<ManagedChannelBuilder<?>> configureChannel) {
            this.configureChannel = Objects.requireNonNull(configureChannel, "configureChannel");
            return this;
        }

        /**
         * Makes the client. It connects with the first call.
         *
         * @return the client, to be closed
         * @throws IllegalArgumentException if there is no address or one that cannot be read; if the key would
         *     cross a network unencrypted; if a certificate or key cannot be read
         */
        public LocaldialClient build() {
            return new LocaldialClient(this);
        }

        private static Duration positive(Duration timeout, String name) {
            if (timeout.isNegative() || timeout.isZero()) {
                throw new IllegalArgumentException(name + " must be positive");
            }
            return timeout;
        }
    }
}
