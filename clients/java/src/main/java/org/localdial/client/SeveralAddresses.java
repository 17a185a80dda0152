package org.localdial.client;

import io.grpc.Attributes;
import io.grpc.EquivalentAddressGroup;
import io.grpc.NameResolver;
import io.grpc.NameResolverProvider;
import io.grpc.NameResolverRegistry;
import io.grpc.Status;
import io.grpc.StatusOr;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.stream.Collectors;
import org.localdial.client.Addresses.HostAndPort;

/** Resolves a target that lists several addresses. The targets of gRPC's own resolvers name only one host. */
final class SeveralAddresses extends NameResolverProvider {
    private static final String SCHEME = "localdial";
    private static final int DEFAULT_PRIORITY = 5;

    static {
        NameResolverRegistry.getDefaultRegistry().register(new SeveralAddresses());
    }

    private SeveralAddresses() {
    }

    /** Returns the target for addresses that {@link Addresses#parse} accepts. */
    static String target(List<String> addresses) {
        // The brackets and percent signs of IPv6 addresses must be encoded in a path.
        return SCHEME + ":///" + addresses.stream()
                .map(address -> address.replace("%", "%25").replace("[", "%5B").replace("]", "%5D"))
                .collect(Collectors.joining(","));
    }

    @Override
    protected boolean isAvailable() {
        return true;
    }

    @Override
    protected int priority() {
        return DEFAULT_PRIORITY;
    }

    @Override
    public String getDefaultScheme() {
        return SCHEME;
    }

    @Override
    public Collection<Class<? extends SocketAddress>> getProducedSocketAddressTypes() {
        return List.of(InetSocketAddress.class);
    }

    @Override
    public NameResolver newNameResolver(URI target, NameResolver.Args arguments) {
        if (!SCHEME.equals(target.getScheme())) {
            return null;
        }
        List<HostAndPort> addresses = new ArrayList<>();
        for (String address : target.getPath().substring(1).split(",")) {
            addresses.add(Addresses.parse(address));
        }
        return new Resolver(addresses, arguments);
    }

    private static final class Resolver extends NameResolver {
        private final List<HostAndPort> addresses;
        private final Args arguments;
        private Listener2 listener;
        private boolean shutdown;

        Resolver(List<HostAndPort> addresses, Args arguments) {
            this.addresses = addresses;
            this.arguments = arguments;
        }

        @Override
        public String getServiceAuthority() {
            return addresses.get(0).toString();
        }

        @Override
        public void start(Listener2 listener) {
            this.listener = listener;
            refresh();
        }

        @Override
        public void refresh() {
            arguments.getOffloadExecutor().execute(() -> {
                ResolutionResult result = ResolutionResult.newBuilder().setAddressesOrError(resolve()).build();
                arguments.getSynchronizationContext().execute(() -> {
                    if (!shutdown) {
                        listener.onResult2(result);
                    }
                });
            });
        }

        @Override
        public void shutdown() {
            shutdown = true;
        }

        /** Looks up all hosts. Fails only if none is found, so that an unknown host costs no calls. */
        private StatusOr<List<EquivalentAddressGroup>> resolve() {
            List<EquivalentAddressGroup> found = new ArrayList<>();
            UnknownHostException unknown = null;
            for (HostAndPort address : addresses) {
                try {
                    for (InetAddress host : InetAddress.getAllByName(address.host())) {
                        SocketAddress socket = new InetSocketAddress(host, address.port());
                        found.add(new EquivalentAddressGroup(socket, attributes(address)));
                    }
                } catch (UnknownHostException error) {
                    unknown = error;
                }
            }
            if (found.isEmpty()) {
                return StatusOr.fromStatus(Status.UNAVAILABLE
                        .withDescription("none of the hosts can be resolved: " + addresses).withCause(unknown));
            }
            return StatusOr.fromValue(found);
        }

        /**
         * Sets the authority of the address, so that TLS verifies each server by its own name, not by the first one.
         * 
         */
        private Attributes attributes(HostAndPort address) {
            if (arguments.getOverrideAuthority() != null) {
                return Attributes.EMPTY;
            }
            return Attributes.newBuilder()
                    .set(EquivalentAddressGroup.ATTR_AUTHORITY_OVERRIDE, address.toString()).build();
        }
    }
}
