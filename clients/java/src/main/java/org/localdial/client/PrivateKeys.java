package org.localdial.client;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.HexFormat;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads private keys as other tools write them. Java knows those of PKCS #8 alone; {@code BEGIN RSA PRIVATE KEY} and
 * {@code BEGIN EC PRIVATE KEY} are the inner part of such a one, without the name of what it is.
 */
final class PrivateKeys {
    private static final Pattern TRADITIONAL = Pattern.compile(
            "-----BEGIN (RSA|EC) PRIVATE KEY-----([^-]+)-----END \\1 PRIVATE KEY-----");
    private static final int INTEGER = 0x02;
    private static final int OCTET_STRING = 0x04;
    private static final int SEQUENCE = 0x30;
    /** In an EC key, the name of its curve. */
    private static final int PARAMETERS = 0xA0;
    private static final int LONG_FORM = 0x80;
    /** The algorithm rsaEncryption with its parameter NULL (RFC 8017). */
    private static final byte[] RSA = HexFormat.of().parseHex("06092a864886f70d0101010500");
    /** The algorithm id-ecPublicKey, whose parameter is the curve (RFC 5480). */
    private static final byte[] EC = HexFormat.of().parseHex("06072a8648ce3d0201");

    private PrivateKeys() {
    }

    /** Answers the PEM file as one that Java reads; throws IOException if it cannot be read. */
    static InputStream open(Path file) throws IOException {
        String text = Files.readString(file, StandardCharsets.ISO_8859_1);
        Matcher found = TRADITIONAL.matcher(text);
        if (!found.find()) {
            return new ByteArrayInputStream(text.getBytes(StandardCharsets.ISO_8859_1));
        }
        try {
            byte[] key = Base64.getDecoder().decode(found.group(2).replaceAll("\\s", ""));
            byte[] algorithm = found.group(1).equals("RSA") ? RSA : join(EC, curve(key));
            byte[] version = element(INTEGER, new byte[] {0});
            byte[] whole = element(SEQUENCE, join(version, element(SEQUENCE, algorithm), element(OCTET_STRING, key)));
            String pem = "-----BEGIN PRIVATE KEY-----\n" + Base64.getMimeEncoder().encodeToString(whole)
                    + "\n-----END PRIVATE KEY-----\n";
            return new ByteArrayInputStream(pem.getBytes(StandardCharsets.ISO_8859_1));
        } catch (RuntimeException broken) {
            // Not base64, as where it is encrypted, or cut off. What it holds must not stand in a log.
            throw new IOException("not a private key that is not encrypted: " + file);
        }
    }

    private static byte[] curve(byte[] key) {
        ByteBuffer outer = ByteBuffer.wrap(key);
        outer.get();
        ByteBuffer fields = ByteBuffer.wrap(content(outer));
        while (fields.hasRemaining()) {
            int tag = fields.get() & 0xFF;
            byte[] content = content(fields);
            if (tag == PARAMETERS) {
                return content;
            }
        }
        throw new IllegalArgumentException("the curve is not named");
    }

    /** Reads the length and the content of an element of DER, whose tag was read. */
    private static byte[] content(ByteBuffer from) {
        int length = from.get() & 0xFF;
        if (length >= LONG_FORM) {
            int bytes = length - LONG_FORM;
            length = 0;
            for (int index = 0; index < bytes; index++) {
                length = length << 8 | from.get() & 0xFF;
            }
        }
        if (length < 0 || length > from.remaining()) {
            throw new IllegalArgumentException("it is cut off");
        }
        byte[] content = new byte[length];
        from.get(content);
        return content;
    }

    private static byte[] element(int tag, byte[] content) {
        byte[] length;
        if (content.length < LONG_FORM) {
            length = new byte[] {(byte) content.length};
        } else if (content.length < 1 << 8) {
            length = new byte[] {(byte) (LONG_FORM + 1), (byte) content.length};
        } else {
            length = new byte[] {(byte) (LONG_FORM + 2), (byte) (content.length >> 8), (byte) content.length};
        }
        return join(new byte[] {(byte) tag}, length, content);
    }

    private static byte[] join(byte[]... parts) {
        ByteArrayOutputStream joined = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            joined.writeBytes(part);
        }
        return joined.toByteArray();
    }
}
