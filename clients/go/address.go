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

// checkAddresses tells what is wrong now, and not only when the first call fails.
func checkAddresses(addresses []string) error {
	for _, address := range addresses {
		if strings.HasPrefix(address, "http://") || strings.HasPrefix(address, "https://") {
			return fmt.Errorf("the address %q is a URL; it must be host:port, and WithTLS makes it TLS", address)
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

// isTarget tells whether the address is one of gRPC's other kinds, such as dns:///localdial.internal:50051.
func isTarget(address string) bool {
	scheme, rest, found := strings.Cut(address, ":")
	return found && (strings.HasPrefix(rest, "//") || slices.Contains([]string{"dns", "unix", "unix-abstract"}, scheme))
}

// isRemote tells whether the address may lead to another machine.
func isRemote(address string) bool {
	if isTarget(address) {
		scheme, rest, _ := strings.Cut(address, ":")
		switch scheme {
		case "unix", "unix-abstract":
			return false
		case "dns", "passthrough":
			// dns:name, or dns://server/name: what is asked for the name is of no interest here.
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

// target is what gRPC connects to, and the resolver that this needs, if any.
func target(addresses []string) (string, resolver.Builder) {
	switch {
	case len(addresses) > 1:
		return staticScheme + ":///" + addresses[0], staticResolver(addresses)
	case isTarget(addresses[0]):
		return addresses[0], nil
	default:
		// Where it is a name, all the addresses that it has take their share.
		return "dns:///" + addresses[0], nil
	}
}

// staticResolver resolves to the addresses it is made of, all of them, always.
type staticResolver []string

func (staticResolver) Scheme() string { return staticScheme }

func (r staticResolver) Build(_ resolver.Target, cc resolver.ClientConn, _ resolver.BuildOptions) (resolver.Resolver, error) {
	var state resolver.State
	for _, address := range r {
		// With TLS each server proves the name by which it is called, not that of the first of them.
		each := resolver.Address{Addr: address, ServerName: address}
		state.Endpoints = append(state.Endpoints, resolver.Endpoint{Addresses: []resolver.Address{each}})
	}
	// gRPC asks for another try when this fails; but nothing would be different then.
	if err := cc.UpdateState(state); err != nil {
		return nil, err
	}
	return resolved{}, nil
}

type resolved struct{}

func (resolved) ResolveNow(resolver.ResolveNowOptions) {}

func (resolved) Close() {}
