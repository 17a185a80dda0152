package localdial

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"google.golang.org/grpc/resolver"
)

// staticScheme is the scheme of a target that stands for several addresses.
const staticScheme = "localdial-static"

// checkAddresses returns an error for an address that cannot be used, before the first call would fail.
func checkAddresses(addresses []string) error {
	for _, address := range addresses {
		if strings.HasPrefix(address, "http://") || strings.HasPrefix(address, "https://") {
			return fmt.Errorf("the address %q is a URL; it must be host:port; use WithTLS for TLS", address)
		}
		if isTarget(address) {
			if len(addresses) > 1 {
				return fmt.Errorf("the address %q is not host:port, as each of several addresses must be", address)
			}
			continue
		}
		host, port, err := net.SplitHostPort(address)
		if err != nil || host == "" {
			return fmt.Errorf("the address %q is not host:port", address)
		}
		if number, err := strconv.ParseUint(port, 10, 16); err != nil || number == 0 {
			return fmt.Errorf("the port of the address %q is not a number from 1 to 65535", address)
		}
	}
	return nil
}

// isTarget reports whether the address is a gRPC target with a scheme, such as dns:///localdial.internal:50051.
func isTarget(address string) bool {
	scheme, rest, found := strings.Cut(address, ":")
	return found && (strings.HasPrefix(rest, "//") || slices.Contains([]string{"dns", "unix", "unix-abstract"}, scheme))
}

// isRemote reports whether the address may lead to another machine.
func isRemote(address string) bool {
	if isTarget(address) {
		scheme, rest, _ := strings.Cut(address, ":")
		switch scheme {
		case "unix", "unix-abstract":
			return false
		case "dns", "passthrough":
			// dns:name or dns://server/name: only the name matters here, not the DNS server.
			if authorityAndName, found := strings.CutPrefix(rest, "//"); found {
				_, rest, _ = strings.Cut(authorityAndName, "/")
			}
			address = rest
		default:
			return true
		}
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return true
	}
	if host == "localhost" {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return err != nil || !ip.Unmap().IsLoopback()
}

// target returns the target that gRPC connects to, and the resolver that it needs, or nil.
func target(addresses []string) (string, resolver.Builder) {
	switch {
	case len(addresses) > 1:
		return staticScheme + ":///" + addresses[0], staticResolver(addresses)
	case isTarget(addresses[0]):
		return addresses[0], nil
	default:
		// Calls are spread over all the addresses that a name resolves to.
		return "dns:///" + addresses[0], nil
	}
}

// staticResolver always resolves to all of its addresses.
type staticResolver []string

func (staticResolver) Scheme() string { return staticScheme }

func (r staticResolver) Build(_ resolver.Target, cc resolver.ClientConn, _ resolver.BuildOptions) (resolver.Resolver, error) {
	var state resolver.State
	for _, address := range r {
		// With TLS, each server is verified by its own address, not by the first one.
		each := resolver.Address{Addr: address, ServerName: address}
		state.Endpoints = append(state.Endpoints, resolver.Endpoint{Addresses: []resolver.Address{each}})
	}
	// gRPC would resolve again after an error, with the same result, so the error is final.
	if err := cc.UpdateState(state); err != nil {
		return nil, err
	}
	return resolved{}, nil
}

type resolved struct{}

func (resolved) ResolveNow(resolver.ResolveNowOptions) {}

func (resolved) Close() {}
