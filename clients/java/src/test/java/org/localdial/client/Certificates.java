package org.localdial.client;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.Base64;

/** A self-signed certificate and its key, as PEM files. */
record Certificates(Path certificate, Path key) {
    private static final String PASSWORD = "password";

    /** Makes a certificate with an EC key for {@code hosts}, such as {@code dns:localhost}, with the JDK's keytool. */
    static Certificates make(Path folder, String name, String hosts)
            throws IOException, InterruptedException, GeneralSecurityException {
        return make(folder, name, hosts, "EC");
    }

    /** Makes a certificate with a key of the given kind, {@code EC} or {@code RSA}. */
    static Certificates make(Path folder, String name, String hosts, String kind)
            throws IOException, InterruptedException, GeneralSecurityException {
        Path store = folder.resolve(name + ".p12");
        Process keytool = new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-J-XX:TieredStopAtLevel=1", "-J-XX:+UseSerialGC",
                "-genkeypair", "-alias", name, "-keyalg", kind, "-validity", "2",
                "-dname", "CN=" + name, "-ext", "san=" + hosts, "-ext", "bc=ca:true",
                "-storetype", "PKCS12", "-keystore", store.toString(), "-storepass", PASSWORD)
                .redirectErrorStream(true).start();
        String said = new String(keytool.getInputStream().readAllBytes());
        if (keytool.waitFor() != 0) {
            throw new IllegalStateException("keytool failed: " + said);
        }
        KeyStore keys = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(store)) {
            keys.load(in, PASSWORD.toCharArray());
        }
        byte[] key = keys.getKey(name, PASSWORD.toCharArray()).getEncoded();
        return new Certificates(
                pem(folder.resolve(name + ".pem"), "CERTIFICATE", keys.getCertificate(name).getEncoded()),
                pem(folder.resolve(name + ".key"), "PRIVATE KEY", key));
    }

    /** Writes the key in the traditional form, without the structure of PKCS #8. Returns the file. */
    Path inTraditionalForm(String kind) throws IOException, InterruptedException {
        Path traditional = key.resolveSibling(key.getFileName() + ".traditional");
        Process openssl = new ProcessBuilder("openssl", "pkey", "-traditional",
                "-in", key.toString(), "-out", traditional.toString()).inheritIO().start();
        if (openssl.waitFor() != 0 || !Files.readString(traditional).contains("BEGIN " + kind + " PRIVATE KEY")) {
            throw new IllegalStateException("openssl failed");
        }
        return traditional;
    }

    private static Path pem(Path file, String what, byte[] der) throws IOException {
        String text = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der);
        return Files.writeString(file, "-----BEGIN " + what + "-----\n" + text + "\n-----END " + what + "-----\n");
    }
}
