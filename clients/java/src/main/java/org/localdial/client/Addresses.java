package org.localdial.client;

import io.grpc.NameResolverRegistry;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Parses the addresses of servers. */
final class Addresses {
    /** {@code host:port}; the host of an IPv6 address is in brackets. */
    private static final Pattern HOST_AND_PORT =
            Pattern.compile("(?:\\[([0-9A-Fa-f:.%]+)\\]|([A-Za-z0-9._-]+)):([0-9]{1,5})");
    private static final Pattern TARGET = Pattern.compile("[A-Za-z][A-Za-z0-9+.-]*:/.*");
    private static final Pattern IPV4_LOOPBACK = Pattern.compile("127(?:\\.[0-9]{1,3}){3}");
    private static final int MAX_PORT = 65535;

    private Addresses() {
    }

    /** A host and a port. */
    record HostAndPort(String host, int port) {
        /** Returns whether the host is this machine, so that nothing sent to it crosses a network. */
        boolean isLoopback() {
            return host.equals("localhost") || host.equals("::1") || IPV4_LOOPBACK.matcher(host).matches();
        }

        @Override
        public String toString() {
            return (host.contains(":") ? "[" + host + "]" : host) + ":" + port;
        }
    }

    /** Parses {@code host:port}. Throws IllegalArgumentException for anything else. */
    static HostAndPort parse(String address) {
        Matcher found = HOST_AND_PORT.matcher(address);
        if (!found.matches() || Integer.parseInt(found.group(3)) > MAX_PORT || Integer.parseInt(found.group(3)) < 1) {
            throw invalid(address);
        }
        String host = found.group(1) == null ? found.group(2) : found.group(1);
        return new HostAndPort(host, Integer.parseInt(found.group(3)));
    }

    private static IllegalArgumentException invalid(String address) {
        return new IllegalArgumentException(
                "\"" + address + "\" is not an address: use host:port, such as 127.0.0.1:50051 or [::1]:50051");
    }

    /** Throws IllegalArgumentException unless the target has a scheme that gRPC knows, and one of DNS a port. */
    static void checkTarget(String target) {
        String scheme = target.substring(0, target.indexOf(':'));
        if (NameResolverRegistry.getDefaultRegistry().getProviderForScheme(scheme) == null) {
            throw invalid(target);
        }
        if (scheme.equalsIgnoreCase("dns")) {
            parse(target.replaceFirst("(?i)^dns:(//[^/]*)?/", ""));
        }
    }

    /** Returns whether the address is a gRPC target with a scheme, such as {@code dns:///localhost:50051}. */
    static boolean isTarget(String address) {
        return TARGET.matcher(address).matches();
    }

    /** Returns whether all addresses are on this machine. An address that cannot be parsed counts as remote. */
    static boolean areLoopback(List<String> addresses) {
        return addresses.stream().allMatch(address -> {
            try {
                return parse(address.replaceFirst("^dns:///", "")).isLoopback();
            } catch (IllegalArgumentException otherTarget) {
                return false;
            }
        });
    }
}
