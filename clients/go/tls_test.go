package localdial_test

import (
	"context"
	"crypto/tls"
	"errors"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	localdial "github.com/localdial/localdial/clients/go"
	"github.com/localdial/localdial/clients/go/internal/fakeserver"
	"github.com/localdial/localdial/clients/go/internal/testcert"
)

// startTLS starts a server with a certificate; if clients is set, it requires one from the client.
func startTLS(t *testing.T, pair testcert.Pair, clients *testcert.Authority) *fakeserver.Server {
	t.Helper()
	config := &tls.Config{Certificates: []tls.Certificate{pair.TLS()}, MinVersion: tls.VersionTLS12}
	if clients != nil {
		config.ClientAuth, config.ClientCAs = tls.RequireAndVerifyClientCert, clients.Pool()
	}
	return startServer(t, grpc.Creds(credentials.NewTLS(config)))
}

// holdsKey accepts calls that have the key.
func holdsKey(key string) fakeserver.Answer {
	return func(ctx context.Context) (proto.Message, error) {
		sent, _ := metadata.FromIncomingContext(ctx)
		if keys := sent.Get("authorization"); len(keys) != 1 || keys[0] != "Bearer "+key {
			return nil, status.Error(codes.Unauthenticated, "the key is not known")
		}
		return nil, nil
	}
}

func TestTheRightKeyIsAcceptedOverTLSAndAWrongOneIsRefused(t *testing.T) {
	authority := testcert.NewAuthority()
	server := startTLS(t, authority.Issue(time.Hour, "127.0.0.1"), nil)
	server.Always(holdsKey("right"))
	roots := localdial.WithRootCertificates(authority.Root)
	if err := getUser(t.Context(), newClient(t, server.Address, roots, localdial.WithKey("right"))); err != nil {
		t.Error(err)
	}
	server.Forget()
	err := getUser(t.Context(), newClient(t, server.Address, roots, localdial.WithKey("wrong")))
	if !errors.Is(err, localdial.ErrUnauthenticated) || strings.Contains(err.Error(), "wrong") {
		t.Error(err)
	}
	if len(server.Received()) != 1 {
		t.Error("a wrong key was tried again")
	}
}

func TestAnUntrustedServerGetsNoCall(t *testing.T) {
	authority := testcert.NewAuthority()
	for name, wrong := range map[string]struct {
		pair    testcert.Pair
		options []localdial.Option
		says    string
	}{
		"of another authority": {
			testcert.NewAuthority().Issue(time.Hour, "127.0.0.1"),
			[]localdial.Option{localdial.WithRootCertificates(authority.Root)}, "authority",
		},
		"of another host": {
			authority.Issue(time.Hour, "localdial.example"),
			[]localdial.Option{localdial.WithRootCertificates(authority.Root)}, "127.0.0.1",
		},
		"expired": {
			authority.Issue(-time.Hour, "127.0.0.1"),
			[]localdial.Option{localdial.WithRootCertificates(authority.Root)}, "expired",
		},
		"of no authority of the system": {
			authority.Issue(time.Hour, "127.0.0.1"), []localdial.Option{localdial.WithTLS()}, "authority",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := startTLS(t, wrong.pair, nil)
			client := newClient(t, server.Address, append(wrong.options, localdial.WithKey("secret"))...)
			err := getUser(t.Context(), client)
			if !errors.Is(err, localdial.ErrUnavailable) || !strings.Contains(err.Error(), wrong.says) {
				t.Error(err)
			}
			if len(server.Received()) != 0 {
				t.Error("the key was sent to it")
			}
		})
	}
}

func TestTheClientSendsItsCertificate(t *testing.T) {
	authority, clients := testcert.NewAuthority(), testcert.NewAuthority()
	server := startTLS(t, authority.Issue(time.Hour, "127.0.0.1"), clients)
	roots := localdial.WithRootCertificates(authority.Root)
	right, wrong := clients.Issue(time.Hour), authority.Issue(time.Hour)

	shown := localdial.WithClientCertificate(right.Certificate, right.Key)
	if err := getUser(t.Context(), newClient(t, server.Address, roots, shown)); err != nil {
		t.Error(err)
	}
	own := localdial.WithTLSConfig(&tls.Config{Certificates: []tls.Certificate{right.TLS()}, MinVersion: tls.VersionTLS13})
	if err := getUser(t.Context(), newClient(t, server.Address, own, roots)); err != nil {
		t.Error(err)
	}
	for _, options := range [][]localdial.Option{
		{roots}, {roots, localdial.WithClientCertificate(wrong.Certificate, wrong.Key)},
	} {
		err := getUser(t.Context(), newClient(t, server.Address, options...))
		if !errors.Is(err, localdial.ErrUnavailable) {
			t.Error(err)
		}
	}
}

func TestAClientAndAServerOfWhichOnlyOneUsesTLSCannotConnect(t *testing.T) {
	authority := testcert.NewAuthority()
	roots := localdial.WithRootCertificates(authority.Root)
	if err := getUser(t.Context(), newClient(t, startServer(t).Address, roots)); !errors.Is(err, localdial.ErrUnavailable) {
		t.Error(err)
	}
	encrypted := startTLS(t, authority.Issue(time.Hour, "127.0.0.1"), nil)
	if err := getUser(t.Context(), newClient(t, encrypted.Address)); !errors.Is(err, localdial.ErrUnavailable) {
		t.Error(err)
	}
}

// Each server is verified by its own name, not by the first one.
func TestEachOfSeveralServersIsVerifiedByItsOwnName(t *testing.T) {
	authority := testcert.NewAuthority()
	first := startTLS(t, authority.Issue(time.Hour, "127.0.0.1"), nil)
	second := startTLS(t, authority.Issue(time.Hour, "localhost"), nil)
	port := second.Address[strings.LastIndexByte(second.Address, ':'):]
	client := newClient(
		t, first.Address, localdial.WithAddresses("localhost"+port), localdial.WithRootCertificates(authority.Root),
	)
	reachBoth(t, client, first, second)
}
