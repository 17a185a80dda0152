package org.localdial.client;

import com.google.gson.Gson;
import com.google.gson.reflect.TypeToken;
import io.grpc.ChannelCredentials;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.ManagedChannelRegistry.ProviderNotFoundException;
import io.grpc.TlsChannelCredentials;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Opens the channel to the service: retries, keepalive, sizes, encryption, reconnecting. */
final class Channels {
    private static final int MIB = 1024 * 1024;

    private Channels() {
    }

    static ManagedChannel open(LocaldialClient.Builder builder) {
        check(builder);
        Reconnector reconnector = new Reconnector();
        try {
            ManagedChannelBuilder<?> channel = Grpc.newChannelBuilder(target(builder), credentials(builder))
                    .userAgent("localdial-client-java/" + LocaldialClient.VERSION)
                    // The contract declares which methods are retried. A service config from DNS must not change that.
                    .defaultServiceConfig(serviceConfig())
                    .disableServiceConfigLookUp()
                    .enableRetry()
                    // gRPC keeps a request for retries only up to this size, and its default of 1 MiB is less than the
                    // largest request of BatchSetUsers.
                    .perRpcBufferLimit(4 * MIB)
                    // A page of 1000 numbers with many mapped area codes can exceed gRPC's default of 4 MiB.
                    .maxInboundMessageSize(16 * MIB)
                    // The details of an error travel in the trailing metadata, beside what proxies add. Above gRPC's
                    // default of 8 KiB the caller would get a different error instead.
                    .maxInboundMetadataSize(MIB)
                    // Ping a connection that is idle for 30 s, with or without calls, so that a dead server is noticed
                    // within 40 s and no NAT or load balancer drops the connection between two calls. The localdial
                    // server permits a ping every 10 s.
                    .keepAliveTime(30, TimeUnit.SECONDS)
                    .keepAliveTimeout(10, TimeUnit.SECONDS)
                    .keepAliveWithoutCalls(true)
                    .addTransportFilter(reconnector);
            builder.configureChannel.accept(channel);
            return reconnector.watch(channel.build());
        } catch (ProviderNotFoundException error) {
            // The transport throws this for certificates that it cannot use.
            throw new IllegalArgumentException("the channel cannot be configured: " + error.getMessage(), error);
        } catch (IOException error) {
            throw new IllegalArgumentException("a certificate or key cannot be read: " + error.getMessage(), error);
        }
    }

    private static void check(LocaldialClient.Builder builder) {
        if (builder.addresses.isEmpty()) {
            throw new IllegalArgumentException("at least one address is required");
        }
        if (builder.addresses.size() > 1 || !Addresses.isTarget(builder.addresses.get(0))) {
            builder.addresses.forEach(Addresses::parse);
        } else {
            Addresses.checkTarget(builder.addresses.get(0));
        }
        boolean certificates = builder.rootCertificate != null || builder.clientCertificate != null;
        if (certificates && Boolean.FALSE.equals(builder.tls)) {
            throw new IllegalArgumentException("certificates need TLS: do not set tls(false)");
        }
        if (certificates && builder.credentials != null) {
            throw new IllegalArgumentException("set either channel credentials or certificates, not both");
        }
        if (builder.key != null && !builder.key.matches("[!-~]+")) {
            throw new IllegalArgumentException("the key must be visible ASCII characters, without spaces");
        }
        if (builder.key != null && !encrypts(builder) && !Addresses.areLoopback(builder.addresses)) {
            throw new IllegalArgumentException(
                    "a key is sent over TLS only, unless every address is loopback: set tls(true)");
        }
    }

    private static boolean encrypts(LocaldialClient.Builder builder) {
        if (builder.credentials != null) {
            return !(builder.credentials instanceof InsecureChannelCredentials);
        }
        return builder.tls != null ? builder.tls : builder.rootCertificate != null || builder.clientCertificate != null;
    }

    private static String target(LocaldialClient.Builder builder) {
        return builder.addresses.size() == 1 ? builder.addresses.get(0) : SeveralAddresses.target(builder.addresses);
    }

    private static ChannelCredentials credentials(LocaldialClient.Builder builder) throws IOException {
        if (builder.credentials != null) {
            return builder.credentials;
        }
        if (!encrypts(builder)) {
            return InsecureChannelCredentials.create();
        }
        TlsChannelCredentials.Builder tls = TlsChannelCredentials.newBuilder();
        if (builder.rootCertificate != null) {
            tls.trustManager(builder.rootCertificate.toFile());
        }
        if (builder.clientCertificate != null) {
            try (InputStream certificate = Files.newInputStream(builder.clientCertificate);
                    InputStream key = PrivateKeys.open(builder.clientKey)) {
                tls.keyManager(certificate, key);
            }
        }
        return tls.build();
    }

    /** Reads the gRPC service config that is generated from the contract. */
    static Map<String, Object> serviceConfig() {
        try (InputStream file = Channels.class.getResourceAsStream("service_config.json")) {
            if (file == null) {
                throw new IllegalStateException("service_config.json is missing from the resources of this package");
            }
            try (Reader reader = new InputStreamReader(file, StandardCharsets.UTF_8)) {
                return new Gson().fromJson(reader, new TypeToken<Map<String, Object>>() { });
            }
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
    }
}
