package org.localdial.example;

import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.localdial.client.LocaldialClient;

/**
 * The settings from the environment, which the README documents.
 *
 * @param listen where to serve HTTP
 * @param fallbackNumbers where calls go that cannot be routed, in order of preference
 * @param timeout how long a call may wait for localdial
 * @param drain how long calls in flight may take when the program stops
 * @param localdial how to reach the service
 */
record Settings(
        InetSocketAddress listen,
        List<String> fallbackNumbers,
        Duration timeout,
        Duration drain,
        LocaldialClient.Builder localdial) {

    /** Reads the settings. Throws IllegalArgumentException, which names the wrong setting. */
    static Settings from(Map<String, String> environment) {
        return new Settings(
                address(environment.getOrDefault("LISTEN", "127.0.0.1:8080")),
                fallbackNumbers(environment),
                milliseconds(environment, "ROUTE_TIMEOUT_MS", "500"),
                milliseconds(environment, "DRAIN_MS", "10000"),
                localdial(environment));
    }

    private static LocaldialClient.Builder localdial(Map<String, String> environment) {
        LocaldialClient.Builder builder = LocaldialClient.builder()
                .addresses(list(environment.getOrDefault("LOCALDIAL_ADDRESSES", "127.0.0.1:50051")));
        if (environment.containsKey("LOCALDIAL_KEY")) {
            builder.key(environment.get("LOCALDIAL_KEY"));
        }
        if (environment.containsKey("LOCALDIAL_ROOT_CERTIFICATE")) {
            builder.rootCertificate(Path.of(environment.get("LOCALDIAL_ROOT_CERTIFICATE")));
        }
        return builder;
    }

    private static List<String> fallbackNumbers(Map<String, String> environment) {
        List<String> numbers = list(environment.getOrDefault("FALLBACK_NUMBERS", ""));
        if (numbers.isEmpty()) {
            throw new IllegalArgumentException("FALLBACK_NUMBERS is required: set one or more E.164 numbers");
        }
        for (String number : numbers) {
            if (!number.matches("\\+[1-9][0-9]{6,14}")) {
                throw new IllegalArgumentException("FALLBACK_NUMBERS: not an E.164 number: " + number);
            }
        }
        return numbers;
    }

    private static InetSocketAddress address(String text) {
        int colon = text.lastIndexOf(':');
        try {
            return new InetSocketAddress(text.substring(0, colon), Integer.parseInt(text.substring(colon + 1)));
        } catch (IndexOutOfBoundsException | IllegalArgumentException wrong) {
            throw new IllegalArgumentException("LISTEN: not an address of the form host:port: " + text, wrong);
        }
    }

    private static Duration milliseconds(Map<String, String> environment, String name, String byDefault) {
        String text = environment.getOrDefault(name, byDefault);
        if (!text.matches("[1-9][0-9]{0,6}")) {
            throw new IllegalArgumentException(name + ": not a number of milliseconds from 1 to 9999999: " + text);
        }
        return Duration.ofMillis(Long.parseLong(text));
    }

    private static List<String> list(String text) {
        return Arrays.stream(text.split(",")).map(String::strip).filter(each -> !each.isEmpty()).toList();
    }
}
