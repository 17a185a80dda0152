package localdial_test

import (
	"testing"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/grpc"

	localdial "github.com/localdial/localdial/clients/go"
	"github.com/localdial/localdial/clients/go/internal/fakeserver"
)

// patience is longer than any test takes; it ends one that would hang.
const patience = fakeserver.Patience

// No test may leave a goroutine behind. The reader and the writer of a connection are goroutines, so this covers sockets
// too.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

func startServer(t testing.TB, options ...grpc.ServerOption) *fakeserver.Server {
	t.Helper()
	server := fakeserver.Start(options...)
	t.Cleanup(server.Stop)
	return server
}

func newClient(t testing.TB, address string, options ...localdial.Option) *localdial.Client {
	t.Helper()
	client, err := localdial.New(address, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func waitFor(t testing.TB, event <-chan struct{}) {
	t.Helper()
	select {
	case <-event:
	case <-time.After(patience):
		t.Fatal("waited in vain")
	}
}

// serverAndClient returns a server and a client that is connected to it.
func serverAndClient(t testing.TB, options ...localdial.Option) (*fakeserver.Server, *localdial.Client) {
	t.Helper()
	server := startServer(t)
	return server, newClient(t, server.Address, options...)
}
