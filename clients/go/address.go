package localdial

import (
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"google.golang.org/grpc/balancer"
	"google.golang.org/grpc/resolver"
)

// staticScheme is the scheme of a target that stands for several addresses.
const staticScheme = "localdial-static"

// checkAddresses returns an error for an address that cannot be used, before the first call would fail.
func checkAddresses(addresses []string) error {
	for _, address := range addresses {
		server := address
		if isTarget(address) && len(addresses) == 1 {
			scheme, rest, _ := strings.Cut(address, ":")
			if scheme != "dns" && resolver.Get(scheme) != nil {
				continue
			}
			if scheme == "dns" {
				server = nameOfDNS(rest)
			}
		}
		if !isHostPort(server) {
			return fmt.Errorf("%q is not an address: use host:port, such as 127.0.0.1:50051 or [::1]:50051", address)
		}
	}
	return nil
}

// hostPort is host:port, with an IPv6 address in brackets, perhaps of one network interface (%eth0).
var hostPort = regexp.MustCompile(`^(?:\[[0-9A-Fa-f:.]+(?:%[A-Za-z0-9._-]+)?\]|[A-Za-z0-9._-]+):([0-9]{1,5})$`)

func isHostPort(text string) bool {
	match := hostPort.FindStringSubmatch(text)
	if match == nil {
		return false
	}
	number, err := strconv.ParseUint(match[1], 10, 16)
	return err == nil && number > 0
}

// nameOfDNS returns the host and port in dns:name or dns://server/name, given what follows the scheme.
func nameOfDNS(rest string) string {
	if serverAndName, found := strings.CutPrefix(rest, "//"); found {
		_, rest, _ = strings.Cut(serverAndName, "/")
	}
	return rest
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
			// Only the name matters here, not the DNS server.
			address = nameOfDNS(rest)
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

// dnsResolver is gRPC's DNS resolver, which does not count a name that does not exist as an error, so that calls would
// fail without saying why.
type dnsResolver struct{ resolver.Builder }

func (d dnsResolver) Build(
	target resolver.Target, cc resolver.ClientConn, options resolver.BuildOptions,
) (resolver.Resolver, error) {
	return d.Builder.Build(target, foundOrError{cc, target.Endpoint()}, options)
}

// foundOrError reports an error for a name without addresses.
type foundOrError struct {
	resolver.ClientConn
	name string
}

func (c foundOrError) UpdateState(state resolver.State) error {
	if len(state.Endpoints) == 0 && len(state.Addresses) == 0 {
		c.ReportError(fmt.Errorf("cannot resolve %s: no such host", c.name))
		return balancer.ErrBadResolverState
	}
	return c.ClientConn.UpdateState(state)
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
