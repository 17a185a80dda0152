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
	"google.golang.org/grpc/resolver"
)

// serviceConfig is the gRPC service config: round robin, and which calls are retried and how. It is generated from the
// contract; the clients in all languages have the same one.
//
//go:embed service_config.json
var serviceConfig string

const mebibyte = 1024 * 1024

// newChannel returns a channel that connects with the first call.
func newChannel(s *settings) (*grpc.ClientConn, error) {
	address, addresses := target(s.addresses)
	options := []grpc.DialOption{
		grpc.WithUserAgent("localdial-client-go/" + Version),
		grpc.WithDefaultServiceConfig(serviceConfig),
		// Otherwise a DNS record could replace the service config.
		grpc.WithDisableServiceConfig(),
		grpc.WithDefaultCallOptions(
			// gRPC retries only requests up to this size, and its default of 256 KiB is less than a BatchSetUsers request
			// may have.
			grpc.MaxRetryRPCBufferSize(4*mebibyte),
			// A page of 1000 numbers with many mapped area codes can exceed gRPC's default of 4 MiB.
			grpc.MaxCallRecvMsgSize(16*mebibyte),
		),
		grpc.WithStatsHandler(attemptRecorder{}),
		// The details of an error travel in the trailing metadata, beside what proxies add.
		grpc.WithMaxHeaderListSize(mebibyte),
		// Ping an idle connection every 30 s, with or without calls, so that a dead peer is detected within 40 s and no
		// NAT or load balancer drops the connection between two calls. The localdial server permits a ping every 10 s.
		grpc.WithKeepaliveParams(keepalive.ClientParameters{
			Time:                30 * time.Second,
			Timeout:             10 * time.Second,
			PermitWithoutStream: true,
		}),
		// While the server is down, calls fail until gRPC reconnects, and its default backoff grows to 2 minutes. Phone
		// calls need the service as soon as it is back, within the retries of one call.
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff: backoff.Config{
				BaseDelay:  100 * time.Millisecond,
				Multiplier: backoff.DefaultConfig.Multiplier,
				Jitter:     backoff.DefaultConfig.Jitter,
				MaxDelay:   time.Second,
			},
			// gRPC's default, which is lost when the backoff is set.
			MinConnectTimeout: 20 * time.Second,
		}),
	}
	resolvers := []resolver.Builder{dnsResolver{resolver.Get("dns")}}
	if addresses != nil {
		resolvers = append(resolvers, addresses)
	}
	options = append(options, grpc.WithResolvers(resolvers...))
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

// bearer sends the key with every call that has no key of its own.
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

// RequireTransportSecurity makes gRPC refuse to send the key in the clear, except on the connections within this machine
// that newSettings permits.
func (b bearer) RequireTransportSecurity() bool { return b.overTLS }
