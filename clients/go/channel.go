package localdial

import (
	"context"
	_ "embed"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
)

// The gRPC service config: round robin, which calls are repeated and when no longer. It is generated from the contract,
// the same for all clients.
//
//go:embed service_config.json
var serviceConfig string

const mebibyte = 1024 * 1024

// newChannel prepares the connection. It connects with the first call.
func newChannel(s *settings) (*grpc.ClientConn, error) {
	address, addresses := target(s.addresses)
	options := []grpc.DialOption{
		grpc.WithUserAgent("localdial-client-go/" + Version),
		grpc.WithDefaultServiceConfig(serviceConfig),
		// Otherwise whoever answers the name in DNS could say what is repeated.
		grpc.WithDisableServiceConfig(),
		grpc.WithDefaultCallOptions(
			// A request is kept for its repeats only up to this size, and gRPC's 256 KiB is less than BatchSetUsers takes.
			grpc.MaxRetryRPCBufferSize(4*mebibyte),
			// A page of 1000 numbers with many area codes mapped can pass gRPC's 4 MiB.
			grpc.MaxCallRecvMsgSize(16*mebibyte),
		),
		// An error names every bad field at once, in the trailing metadata: hundreds of kilobytes at worst.
		grpc.WithMaxHeaderListSize(mebibyte),
		// A ping on a connection that is quiet for 30 s, with or without calls, so that a dead peer is noticed within
		// 40 s and no NAT or balancer forgets the connection between two calls. This relies on the localdial server,
		// which permits a ping every 10 s without calls.
		grpc.WithKeepaliveParams(keepalive.ClientParameters{
			Time:                30 * time.Second,
			Timeout:             10 * time.Second,
			PermitWithoutStream: true,
		}),
		// While the server is away a call fails without a try to connect, which gRPC makes every 2 minutes in the end.
		// Phone calls need the service as soon as it is back: within the repeats of a call.
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff: backoff.Config{
				BaseDelay:  100 * time.Millisecond,
				Multiplier: backoff.DefaultConfig.Multiplier,
				Jitter:     backoff.DefaultConfig.Jitter,
				MaxDelay:   time.Second,
			},
			// gRPC's own, which is lost when the back-off is set.
			MinConnectTimeout: 20 * time.Second,
		}),
	}
	if addresses != nil {
		options = append(options, grpc.WithResolvers(addresses))
	}
	if s.tls != nil {
		options = append(options, grpc.WithTransportCredentials(credentials.NewTLS(s.tls)))
	} else {
		options = append(options, grpc.WithTransportCredentials(insecure.NewCredentials()))
	}
	if s.key != "" {
		options = append(options, grpc.WithPerRPCCredentials(bearer{key: s.key, overTLS: s.tls != nil}))
	}
	return grpc.NewClient(address, append(options, s.dialOptions...)...)
}

// bearer sends the key with every call that has none of its own.
type bearer struct {
	key     string
	overTLS bool
}

func (b bearer) GetRequestMetadata(ctx context.Context, _ ...string) (map[string]string, error) {
	if own, has := metadata.FromOutgoingContext(ctx); has && len(own.Get("authorization")) > 0 {
		return nil, nil
	}
	return map[string]string{"authorization": "Bearer " + b.key}, nil
}

// RequireTransportSecurity is a second lock: gRPC itself refuses to send the key in the clear, but for the connections
// within this machine that newSettings lets pass.
func (b bearer) RequireTransportSecurity() bool { return b.overTLS }
