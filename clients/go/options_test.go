package localdial_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"

	localdial "github.com/localdial/localdial/clients/go"
	"github.com/localdial/localdial/clients/go/internal/fakeserver"
	"github.com/localdial/localdial/clients/go/internal/testcert"
	"github.com/localdial/localdial/clients/go/localdialv1"
)

func TestUnusableSettingsAreRefused(t *testing.T) {
	pair, other := testcert.NewAuthority().Issue(time.Hour), testcert.NewAuthority().Issue(time.Hour)
	key := localdial.WithKey("secret")
	for name, refused := range map[string]struct {
		address string
		options []localdial.Option
		says    string
	}{
		"no address":              {"", nil, "use host:port"},
		"no port":                 {"localhost", nil, "use host:port"},
		"no host":                 {":50051", nil, "use host:port"},
		"port 0":                  {"localhost:0", nil, "port"},
		"port too high":           {"localhost:65536", nil, "port"},
		"port that is a name":     {"localhost:grpc", nil, "port"},
		"IPv6 without brackets":   {"::1:50051", nil, "use host:port"},
		"a target among several":  {"dns:///a:1", []localdial.Option{localdial.WithAddresses("b:1")}, "use host:port"},
		"a bad further address":   {"a:1", []localdial.Option{localdial.WithAddresses("b")}, `"b"`},
		"a URL":                   {"https://a:1", nil, "use host:port"},
		"timeout 0":               {"a:1", []localdial.Option{localdial.WithTimeout(0)}, "timeout"},
		"carrier timeout below 0": {"a:1", []localdial.Option{localdial.WithCarrierTimeout(-1)}, "carrier timeout"},
		"empty key":               {"localhost:1", []localdial.Option{localdial.WithKey("")}, "key is empty"},
		"key with a line end":     {"localhost:1", []localdial.Option{localdial.WithKey("secret\n")}, "line breaks"},
		"key in the clear":        {"db.example:1", []localdial.Option{key}, "TLS"},
		"key in the clear to one": {"127.0.0.1:1", []localdial.Option{key, localdial.WithAddresses("10.0.0.1:1")}, "TLS"},
		"key to a like name":      {"localhost.example:1", []localdial.Option{key}, "TLS"},
		"key to any address":      {"0.0.0.0:1", []localdial.Option{key}, "TLS"},
		"key to a remote target":  {"dns:///db.example:1", []localdial.Option{key}, "TLS"},
		"root that is none":       {"a:1", []localdial.Option{localdial.WithRootCertificates([]byte("x"))}, "PEM"},
		"TLS configuration nil":   {"a:1", []localdial.Option{localdial.WithTLSConfig(nil)}, "nil"},
		"key of another certificate": {
			"a:1", []localdial.Option{localdial.WithClientCertificate(pair.Certificate, other.Key)}, "client certificate",
		},
	} {
		t.Run(name, func(t *testing.T) {
			client, err := localdial.New(refused.address, refused.options...)
			failure, is := errors.AsType[*localdial.Error](err)
			if client != nil || !is || failure.Code != codes.InvalidArgument {
				t.Fatal(client, err)
			}
			if !strings.Contains(err.Error(), refused.says) || strings.Contains(err.Error(), "secret") {
				t.Error(err)
			}
		})
	}
}

func TestAKeyMayBeSentToThisMachineWithoutTLS(t *testing.T) {
	for _, address := range []string{
		"127.0.0.1:1", "127.8.9.1:1", "[::1]:1", "[::ffff:127.0.0.1]:1", "localhost:1", "dns:///localhost:1",
		"dns://8.8.8.8/127.0.0.1:1", "dns:127.0.0.1:1", "passthrough:///[::1]:1", "unix:/tmp/socket", "unix:///tmp/socket",
	} {
		newClient(t, address, localdial.WithKey("secret"))
	}
}

func TestTheKeyIsSentWithEveryCall(t *testing.T) {
	server, client := serverAndClient(t, localdial.WithKey("s3cret"))
	server.Answers(fakeserver.Fails(codes.Unavailable, "restarting"))
	if err := getUser(t.Context(), client); err != nil {
		t.Fatal(err)
	}
	for _, each := range server.Received() {
		if sent := each.Metadata.Get("authorization"); len(sent) != 1 || sent[0] != "Bearer s3cret" {
			t.Error(sent)
		}
	}
}

func TestTheKeyOfACallReplacesThatOfTheClient(t *testing.T) {
	server, client := serverAndClient(t, localdial.WithKey("s3cret"))
	ctx := metadata.AppendToOutgoingContext(t.Context(), "Authorization", "Bearer other")
	if err := getUser(ctx, client); err != nil {
		t.Fatal(err)
	}
	if sent := server.Received()[0].Metadata.Get("authorization"); len(sent) != 1 || sent[0] != "Bearer other" {
		t.Error(sent)
	}
}

func TestTheTimeoutsOfTheClientApplyToItsCalls(t *testing.T) {
	server, client := serverAndClient(
		t, localdial.WithTimeout(20*time.Second), localdial.WithCarrierTimeout(2*time.Minute),
	)
	if err := getUser(t.Context(), client); err != nil {
		t.Fatal(err)
	}
	if _, err := client.NumberInventory.PurchaseNumbers(t.Context(), &localdialv1.PurchaseNumbersRequest{}); err != nil {
		t.Fatal(err)
	}
	received := server.Received()
	if left := received[0].Left; left > 20*time.Second || left < 18*time.Second {
		t.Error(left)
	}
	if left := received[1].Left; left > 2*time.Minute || left < 118*time.Second {
		t.Error(left)
	}
}
