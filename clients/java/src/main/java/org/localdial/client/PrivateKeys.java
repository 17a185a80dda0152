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
 * Reads private keys in PKCS #8 and in the traditional forms. Java reads PKCS #8 only; {@code BEGIN RSA PRIVATE KEY}
 * and {@code BEGIN EC PRIVATE KEY} hold only its inner part, without the name of the algorithm.
 */
final class PrivateKeys {
    private static final Pattern TRADITIONAL = Pattern.compile(
            "-----BEGIN (RSA|EC) PRIVATE KEY-----([^-]+)-----END \\1 PRIVATE KEY-----");
    private static final int INTEGER = 0x02;
    private static final int OCTET_STRING = 0x04;
    private static final int SEQUENCE = 0x30;
    /** The tag of the name of the curve in an EC key. */
    private static final int PARAMETERS = 0xA0;
    private static final int LONG_FORM = 0x80;
    /** The algorithm rsaEncryption with its parameter NULL (RFC 8017). */
    private static final byte[] RSA = HexFormat.of().parseHex("06092a864886f70d0101010500");
    /** The algorithm id-ecPublicKey, whose parameter is the curve (RFC 5480). */
    private static final byte[] EC = HexFormat.of().parseHex("06072a8648ce3d0201");

    private PrivateKeys() {
    }

    /** Returns the PEM file with its key in PKCS #8. Throws IOException if the file or the key cannot be read. */
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
            // The key is encrypted or truncated. The exception must not contain any of it, because it ends up in logs.
            throw new IOException("not an unencrypted private key: " + file);
        }
    }

    /** Returns the encoded name of the curve of a traditional EC key. */
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

    /** Reads the length and the content of a DER element whose tag was already read. */
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
            throw new IllegalArgumentException("the key is truncated");
        }
        byte[] content = new byte[length];
        from.get(content);
        return content;
    }

    /** Encodes a DER element. */
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
