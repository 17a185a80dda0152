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
 * A client of the service. It is thread-safe: make one and share it.
 *
 * <pre>{@code
 * try (LocaldialClient client = LocaldialClient.builder().address("127.0.0.1:50051").build()) {
 *     RouteInboundCallResponse route = client.callRouting().withTimeout(Duration.ofMillis(500))
 *             .routeInboundCall(RouteInboundCallRequest.newBuilder()
 *                     .setCalledNumber("+14155550100").setCallerNumber("+12125550123").build());
 * }
 * }</pre>
 *
 * <p>It connects with the first call. Every call has a deadline, is retried if that is safe, on another server if there
 * are several, and throws a {@link LocaldialException} if it fails.
 */
public final class LocaldialClient implements AutoCloseable {
    /** The version of this client, which is the version of the contract. */
    public static final String VERSION = "0.1.0";

    private static final long CLOSE_SECONDS = 5;

    private final ManagedChannel channel;
    private final AtomicBoolean closed = new AtomicBoolean();
    private final CallRouting callRouting;
    private final NumberInventory numberInventory;
    private final Directory directory;
    private final Administration administration;

    private LocaldialClient(Builder builder) {
        Revisions revisions = builder.readYourWrites ? new Revisions() : null;
        channel = Channels.open(builder);
        Caller caller = new Caller(channel, String.join(", ", builder.addresses), closed::get, builder.timeout,
                builder.carrierTimeout, builder.key, revisions);
        callRouting = new CallRouting(caller);
        numberInventory = new NumberInventory(caller);
        directory = new Directory(caller);
        administration = new Administration(caller);
    }

    /**
     * Returns a builder for a client.
     *
     * @return a builder with the default settings
     */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * Decides which caller ID an outbound call shows and where a call-back goes.
     *
     * @return the methods of the service {@code CallRouting}
     */
    public CallRouting callRouting() {
        return callRouting;
    }

    /**
     * Lists, buys, imports and deletes local presence numbers, and maps area codes to them.
     *
     * @return the methods of the service {@code NumberInventory}
     */
    public NumberInventory numberInventory() {
        return numberInventory;
    }

    /**
     * Manages the organizations and their users.
     *
     * @return the methods of the service {@code Directory}
     */
    public Directory directory() {
        return directory;
    }

    /**
     * Manages the API keys of the server, and lists the record of changes.
     *
     * @return the methods of the service {@code Administration}
     */
    public Administration administration() {
        return administration;
    }

    /**
     * Closes the connections immediately. Calls in flight throw {@link CancelledException}; later calls throw
     * IllegalStateException. Closing again does nothing.
     */
    @Override
    public void close() {
        closed.set(true);
        channel.shutdownNow();
        try {
            // Other threads close the sockets, within milliseconds.
            channel.awaitTermination(CLOSE_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** Configures a {@link LocaldialClient}. Only an address is required. */
    public static final class Builder {
        final List<String> addresses = new ArrayList<>();
        String key;
        Boolean tls;
        Path rootCertificate;
        Path clientCertificate;
        Path clientKey;
        ChannelCredentials credentials;
        // A call is waiting to be placed: the dialer can act on an error, but not on a late response.
        Duration timeout = Duration.ofSeconds(5);
        // The carrier may take seconds for each number, and the outcome of an abandoned purchase has to be asked for
        // again.
        Duration carrierTimeout = Duration.ofSeconds(60);
        boolean readYourWrites = true;
        Consumer<ManagedChannelBuilder<?>> configureChannel = channel -> { };

        private Builder() {
        }

        /**
         * Adds the address of a server: {@code host:port}, or any other gRPC target, such as
         * {@code dns:///localdial.internal:50051}. Calls are spread over all the addresses that a name resolves to,
         * and over all addresses that are added. Each of several addresses must be {@code host:port}.
         *
         * @param address the address
         * @return this builder
         */
        public Builder address(String address) {
            addresses.add(Objects.requireNonNull(address, "address"));
            return this;
        }

        /**
         * Adds the addresses of several servers, each as {@code host:port}. Calls are spread over them.
         *
         * @param addresses the addresses
         * @return this builder
         */
        public Builder addresses(Iterable<String> addresses) {
            addresses.forEach(this::address);
            return this;
        }

        /**
         * Sets the API key, which is sent with every call. It needs TLS, unless every address is on this machine
         * (loopback).
         *
         * @param key the key, of visible ASCII characters
         * @return this builder
         */
        public Builder key(String key) {
            this.key = Objects.requireNonNull(key, "key");
            return this;
        }

        /**
         * Sets whether connections are encrypted. By default they are if a certificate is set.
         *
         * @param tls whether to encrypt; without a root certificate, those of the JVM are trusted
         * @return this builder
         */
        public Builder tls(boolean tls) {
            this.tls = tls;
            return this;
        }

        /**
         * Encrypts connections, and trusts only servers with a certificate of these authorities.
         *
         * @param rootCertificate a PEM file with the certificates of one or more authorities
         * @return this builder
         */
        public Builder rootCertificate(Path rootCertificate) {
            this.rootCertificate = Objects.requireNonNull(rootCertificate, "rootCertificate");
            return this;
        }

        /**
         * Encrypts connections, and sends the client's own certificate to servers that ask for one.
         *
         * @param certificate a PEM file with the certificate, followed by any intermediate certificates
         * @param privateKey a PEM file with its unencrypted private key
         * @return this builder
         */
        public Builder clientCertificate(Path certificate, Path privateKey) {
            this.clientCertificate = Objects.requireNonNull(certificate, "certificate");
            this.clientKey = Objects.requireNonNull(privateKey, "privateKey");
            return this;
        }

        /**
         * Sets the channel credentials, for example with certificates that are not in files. They replace
         * {@link #tls}, {@link #rootCertificate} and {@link #clientCertificate}.
         *
         * @param credentials the credentials
         * @return this builder
         */
        public Builder credentials(ChannelCredentials credentials) {
            this.credentials = Objects.requireNonNull(credentials, "credentials");
            return this;
        }

        /**
         * Sets the default deadline of a call, which includes all its retries. The default is 5 seconds.
         *
         * @param timeout the deadline
         * @return this builder
         */
        public Builder timeout(Duration timeout) {
            this.timeout = positive(timeout, "timeout");
            return this;
        }

        /**
         * Sets the default deadline of calls that wait for the carrier: search, purchase, import, reconcile and delete
         * numbers, and list importable numbers. The default is 60 seconds.
         *
         * @param carrierTimeout the deadline
         * @return this builder
         */
        public Builder carrierTimeout(Duration carrierTimeout) {
            this.carrierTimeout = positive(carrierTimeout, "carrierTimeout");
            return this;
        }

        /**
         * Sets whether a call to resolve or explain sees every change that this client made before, whichever server
         * answers it. The default is true.
         *
         * @param readYourWrites whether to ensure it
         * @return this builder
         */
        public Builder readYourWrites(boolean readYourWrites) {
            this.readYourWrites = readYourWrites;
            return this;
        }

        /**
         * Sets a function that configures gRPC's channel after this package has configured it, for example to add
         * tracing interceptors, or to set the keepalive time or the executor.
         *
         * @param configureChannel the function, which {@link #build} calls
         * @return this builder
         */
        public Builder configureChannel(Consumer<ManagedChannelBuilder<?>> configureChannel) {
            this.configureChannel = Objects.requireNonNull(configureChannel, "configureChannel");
            return this;
        }

        /**
         * Makes the client. It connects with the first call.
         *
         * @return the client, which the caller must close
         * @throws IllegalArgumentException if there is no address, if an address or the key is malformed, if the key
         *     would cross a network unencrypted, or if a certificate or private key cannot be read
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
