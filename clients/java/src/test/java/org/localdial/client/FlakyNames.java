package org.localdial.client;

import io.grpc.EquivalentAddressGroup;
import io.grpc.NameResolver;
import io.grpc.NameResolverProvider;
import io.grpc.NameResolverRegistry;
import io.grpc.Status;
import io.grpc.StatusOr;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.List;

/** A resolver for targets {@code flaky:///…}, which fails until the test sets an address. */
final class FlakyNames extends NameResolverProvider {
    private volatile InetSocketAddress address;

    FlakyNames() {
        NameResolverRegistry.getDefaultRegistry().register(this);
    }

    void resolveTo(String hostAndPort) {
        String[] parts = hostAndPort.split(":");
        address = new InetSocketAddress(parts[0], Integer.parseInt(parts[1]));
    }

    void deregister() {
        NameResolverRegistry.getDefaultRegistry().deregister(this);
    }

    @Override
    protected boolean isAvailable() {
        return true;
    }

    @Override
    protected int priority() {
        return 5;
    }

    @Override
    public String getDefaultScheme() {
        return "flaky";
    }

    @Override
    public NameResolver newNameResolver(URI target, NameResolver.Args arguments) {
        return !"flaky".equals(target.getScheme()) ? null : new NameResolver() {
            private Listener2 listener;

            @Override
            public String getServiceAuthority() {
                return "localdial";
            }

            @Override
            public void start(Listener2 started) {
                listener = started;
                refresh();
            }

            @Override
            public void refresh() {
                StatusOr<List<EquivalentAddressGroup>> found = address == null
                        ? StatusOr.fromStatus(Status.UNAVAILABLE.withDescription("not known"))
                        : StatusOr.fromValue(List.of(new EquivalentAddressGroup(address)));
                arguments.getSynchronizationContext().execute(() ->
                        listener.onResult2(ResolutionResult.newBuilder().setAddressesOrError(found).build()));
            }

            @Override
            public void shutdown() {
                listener = null;
            }
        };
    }
}
