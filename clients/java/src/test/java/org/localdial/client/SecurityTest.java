package org.localdial.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertIterableEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.grpc.InsecureChannelCredentials;
import io.grpc.Metadata;
import io.grpc.TlsServerCredentials;
import io.grpc.TlsServerCredentials.ClientAuth;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.localdial.v1.GetUserRequest;

/** Keys and certificates. */
class SecurityTest {
    private static final GetUserRequest REQUEST = GetUserRequest.getDefaultInstance();

    @TempDir
    private static Path folder;
    private static Certificates server;
    private static Certificates client;
    private static Certificates stranger;

    @BeforeAll
    static void makeCertificates() throws Exception {
        server = Certificates.make(folder, "server", "ip:127.0.0.1");
        client = Certificates.make(folder, "client", "dns:client.example");
        stranger = Certificates.make(folder, "stranger", "dns:localhost");
    }

    private static FakeServer tlsServer() throws IOException {
        return new FakeServer(TlsServerCredentials.create(server.certificate().toFile(), server.key().toFile()));
    }

    private static LocaldialClient.Builder to(FakeServer... servers) {
        return LocaldialClient.builder()
                .timeout(Duration.ofSeconds(10))
                .addresses(Arrays.stream(servers).map(FakeServer::address).toList());
    }

    @Test
    void theKeyIsSentWithEveryCallAndAWrongOneIsUnauthenticated() throws IOException {
        try (FakeServer fake = tlsServer()) {
            fake.requireKey("s3cret");
            try (LocaldialClient right = to(fake).key("s3cret").rootCertificate(server.certificate()).build();
                    LocaldialClient wrong = to(fake).key("guess").rootCertificate(server.certificate()).build();
                    LocaldialClient none = to(fake).rootCertificate(server.certificate()).build()) {
                right.directory().getUser(REQUEST);
                right.directory().getUserAsync(REQUEST).join();
                assertThrows(UnauthenticatedException.class, () -> wrong.directory().getUser(REQUEST));
                assertThrows(UnauthenticatedException.class, () -> none.directory().getUser(REQUEST));
            }
            assertEquals("Bearer s3cret", fake.received.get(0).header("authorization"));
            assertNull(fake.received.get(3).header("authorization"));
        }
    }

    @Test
    void theCallersAuthorizationMetadataReplacesTheKeyOfTheClient() throws IOException {
        Metadata.Key<String> name = Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);
        Metadata own = new Metadata();
        own.put(name, "Bearer other");
        try (FakeServer fake = new FakeServer(); LocaldialClient known = to(fake).key("s3cret").build()) {
            known.directory().withMetadata(own).getUser(REQUEST);
            known.directory().getUser(REQUEST);
            // Check all values, because some servers would read a second one.
            assertIterableEquals(List.of("Bearer other"), fake.received.get(0).headers().getAll(name));
            assertIterableEquals(List.of("Bearer s3cret"), fake.received.get(1).headers().getAll(name));
        }
    }

    @Test
    void aServerWithACertificateOfAnotherRootGetsNoCall() throws IOException {
        try (FakeServer fake = tlsServer();
                LocaldialClient other = to(fake).rootCertificate(stranger.certificate()).build();
                LocaldialClient ofTheJvm = to(fake).tls(true).build()) {
            var error = assertThrows(UnavailableException.class, () -> other.directory().getUser(REQUEST));
            assertTrue(error.getMessage().matches("UNAVAILABLE: " + fake.address() + ": .*cert.*, 5 attempts"),
                    error.getMessage());
            assertThrows(UnavailableException.class, () -> ofTheJvm.directory().getUser(REQUEST));
            assertTrue(fake.received.isEmpty());
        }
    }

    @Test
    void aServerWithACertificateForAnotherNameGetsNoCall() throws IOException {
        try (FakeServer fake = tlsServer();
                LocaldialClient misled = to(fake).rootCertificate(server.certificate())
                        .configureChannel(channel -> channel.overrideAuthority("bank.example")).build()) {
            assertThrows(UnavailableException.class, () -> misled.directory().getUser(REQUEST));
            assertTrue(fake.received.isEmpty());
        }
    }

    @Test
    void aClientAndAServerOfWhichOnlyOneUsesTlsCannotConnect() throws IOException {
        try (FakeServer encrypted = tlsServer();
                FakeServer open = new FakeServer();
                LocaldialClient without = to(encrypted).build();
                LocaldialClient with = to(open).rootCertificate(server.certificate()).build()) {
            assertThrows(UnavailableException.class, () -> without.directory().getUser(REQUEST));
            assertThrows(UnavailableException.class, () -> with.directory().getUser(REQUEST));
        }
    }

    @Test
    void theClientSendsItsCertificateToAServerThatRequiresOne() throws IOException {
        var credentials = TlsServerCredentials.newBuilder()
                .keyManager(server.certificate().toFile(), server.key().toFile())
                .trustManager(client.certificate().toFile()).clientAuth(ClientAuth.REQUIRE).build();
        try (FakeServer fake = new FakeServer(credentials);
                LocaldialClient known = to(fake).rootCertificate(server.certificate())
                        .clientCertificate(client.certificate(), client.key()).build();
                LocaldialClient unknown = to(fake).rootCertificate(server.certificate())
                        .clientCertificate(stranger.certificate(), stranger.key()).build();
                LocaldialClient nobody = to(fake).rootCertificate(server.certificate()).build()) {
            known.directory().getUser(REQUEST);
            assertThrows(UnavailableException.class, () -> unknown.directory().getUser(REQUEST));
            assertThrows(UnavailableException.class, () -> nobody.directory().getUser(REQUEST));
            assertEquals(1, fake.received.size());
        }
    }

    /** The form that openssl and other tools write, which Java does not read. */
    @ParameterizedTest
    @ValueSource(strings = {"EC", "RSA"})
    void aPrivateKeyInTheTraditionalFormIsRead(String kind) throws Exception {
        Certificates known = Certificates.make(folder, "traditional-" + kind, "dns:client.example", kind);
        Path key = known.inTraditionalForm(kind);
        var credentials = TlsServerCredentials.newBuilder()
                .keyManager(server.certificate().toFile(), server.key().toFile())
                .trustManager(known.certificate().toFile()).clientAuth(ClientAuth.REQUIRE).build();
        try (FakeServer fake = new FakeServer(credentials);
                LocaldialClient client = to(fake).rootCertificate(server.certificate())
                        .clientCertificate(known.certificate(), key).build()) {
            client.directory().getUser(REQUEST);
        }
        String cutOff = "-----BEGIN EC PRIVATE KEY-----\nMHcCAQ\n-----END EC PRIVATE KEY-----\n";
        Path broken = Files.writeString(folder.resolve("broken.key"), cutOff);
        LocaldialClient.Builder builder = LocaldialClient.builder().address("127.0.0.1:1")
                .clientCertificate(known.certificate(), broken);
        assertThrows(IllegalArgumentException.class, builder::build);
    }

    @Test
    void eachOfSeveralServersIsVerifiedByItsOwnName() throws IOException {
        Path roots = folder.resolve("roots.pem");
        Files.writeString(roots, Files.readString(server.certificate()) + Files.readString(stranger.certificate()));
        var credentials = TlsServerCredentials.create(stranger.certificate().toFile(), stranger.key().toFile());
        try (FakeServer one = tlsServer();
                FakeServer other = new FakeServer(credentials);
                LocaldialClient both = LocaldialClient.builder().rootCertificate(roots)
                        .addresses(List.of(one.address(), other.address().replace("127.0.0.1", "localhost"))).build()) {
            for (int tries = 0; one.received.isEmpty() || other.received.isEmpty(); tries++) {
                assertTrue(tries < 1000, "one of the servers gets no calls");
                both.directory().getUser(REQUEST);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "localdial.example:50051", "10.0.0.1:50051", "127.0.0.1.example:50051", "[2001:db8::1]:50051",
        "dns:///localdial.example:50051", "0.0.0.0:50051", "localhost.example:50051",
    })
    void aKeyIsNotSentUnencryptedToOtherMachines(String address) {
        LocaldialClient.Builder builder = LocaldialClient.builder().address("127.0.0.1:50051").key("s3cret");
        assertThrows(IllegalArgumentException.class, () -> LocaldialClient.builder().address(address).key("k").build());
        assertThrows(IllegalArgumentException.class, () -> builder.address(address.replace("dns:///", "")).build());
        assertThrows(IllegalArgumentException.class, () -> LocaldialClient.builder().address(address).key("k")
                .credentials(InsecureChannelCredentials.create()).build());
        LocaldialClient.builder().address(address).build().close();
        LocaldialClient.builder().address(address).key("s3cret").tls(true).build().close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"127.0.0.1:1", "127.9.9.9:1", "localhost:1", "[::1]:1", "dns:///localhost:1"})
    void aKeyMayBeSentUnencryptedOnTheSameMachine(String address) {
        LocaldialClient.builder().address(address).key("s3cret").build().close();
    }

    @Test
    void settingsThatCannotBeUsedAreRefusedByTheBuilder() throws IOException {
        Path nothing = Files.writeString(folder.resolve("nothing.pem"), "nothing");
        List<LocaldialClient.Builder> bad = List.of(
                LocaldialClient.builder(),
                LocaldialClient.builder().address("a:1").address("b"),
                LocaldialClient.builder().address("a:1").address("b:65536"),
                LocaldialClient.builder().address("a:1").address("b:1,c:2"),
                LocaldialClient.builder().address("nosuch:///a"),
                LocaldialClient.builder().address(""),
                LocaldialClient.builder().address("a:b:c"),
                LocaldialClient.builder().address("localhost"),
                LocaldialClient.builder().address("127.0.0.1:1").key("line\nbreak"),
                LocaldialClient.builder().address("127.0.0.1:1").key(""),
                LocaldialClient.builder().address("127.0.0.1:1").rootCertificate(folder.resolve("absent.pem")),
                LocaldialClient.builder().address("127.0.0.1:1").rootCertificate(nothing),
                LocaldialClient.builder().address("127.0.0.1:1").clientCertificate(server.certificate(), nothing),
                LocaldialClient.builder().address("127.0.0.1:1").rootCertificate(server.certificate()).tls(false));
        for (int index = 0; index < bad.size(); index++) {
            LocaldialClient.Builder builder = bad.get(index);
            var error = assertThrows(IllegalArgumentException.class, () -> builder.build().close(), "number " + index);
            assertTrue(error.getMessage() != null && !error.getMessage().contains("line"), "number " + index);
        }
        assertThrows(IllegalArgumentException.class, () -> LocaldialClient.builder().timeout(Duration.ZERO));
        assertThrows(IllegalArgumentException.class,
                () -> LocaldialClient.builder().carrierTimeout(Duration.ofSeconds(-1)));
    }
}
