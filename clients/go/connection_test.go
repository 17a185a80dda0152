package localdial_test

import (
	"context"
	"errors"
	"io"
	"net"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"

	localdial "github.com/localdial/localdial/clients/go"
	"github.com/localdial/localdial/clients/go/internal/fakeserver"
	"github.com/localdial/localdial/clients/go/localdialv1"
)

const mebibyte = 1024 * 1024

// getUser makes a call.
func getUser(ctx context.Context, client *localdial.Client, options ...grpc.CallOption) error {
	_, err := client.Directory.GetUser(ctx, &localdialv1.GetUserRequest{}, options...)
	return err
}

func TestACallCanHaveItsOwnDeadline(t *testing.T) {
	server, client := serverAndClient(t)
	hang := fakeserver.NewHang()
	server.Answers(hang.Answer)
	start := time.Now()
	err := getUser(t.Context(), client, localdial.Timeout(200*time.Millisecond))
	if !errors.Is(err, localdial.ErrDeadlineExceeded) || !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(err)
	}
	if took := time.Since(start); took < 150*time.Millisecond || took > patience/2 {
		t.Fatal(took)
	}
	waitFor(t, hang.Ended)
}

func TestACallWithoutItsOwnDeadlineHasThatOfTheClient(t *testing.T) {
	server, client := serverAndClient(t, localdial.WithTimeout(200*time.Millisecond))
	server.Answers(fakeserver.NewHang().Answer)
	if err := getUser(t.Context(), client); !errors.Is(err, localdial.ErrDeadlineExceeded) {
		t.Fatal(err)
	}
}

func TestTheDeadlineOfTheContextOverridesThatOfTheClient(t *testing.T) {
	server, client := serverAndClient(t, localdial.WithTimeout(time.Second))
	for _, deadline := range []time.Duration{300 * time.Millisecond, 3 * time.Second} {
		ctx, cancel := context.WithTimeout(t.Context(), deadline)
		if err := getUser(ctx, client); err != nil {
			t.Fatal(err)
		}
		cancel()
	}
	received := server.Received()
	if left := received[0].Left; left > 300*time.Millisecond {
		t.Error("later than the context's: ", left)
	}
	if left := received[1].Left; left < 2*time.Second {
		t.Error("earlier than the context's: ", left)
	}
}

func TestTheEarlierOfTwoDeadlinesApplies(t *testing.T) {
	server, client := serverAndClient(t)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	for _, timeout := range []time.Duration{time.Second, time.Minute} {
		if err := getUser(ctx, client, localdial.Timeout(timeout)); err != nil {
			t.Fatal(err)
		}
	}
	received := server.Received()
	if received[0].Left > time.Second || received[1].Left > 3*time.Second {
		t.Error(received[0].Left, received[1].Left)
	}
}

func TestACallWhoseDeadlineHasPassedIsNotSent(t *testing.T) {
	server, client := serverAndClient(t)
	ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	for _, err := range []error{getUser(ctx, client), getUser(t.Context(), client, localdial.Timeout(0))} {
		if !errors.Is(err, localdial.ErrDeadlineExceeded) || !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	}
	if len(server.Received()) != 0 {
		t.Error("it was called")
	}
}

func TestTheDeadlineIncludesAllRetries(t *testing.T) {
	server, client := serverAndClient(t)
	server.Answers(fakeserver.Fails(codes.Unavailable, "restarting"), fakeserver.NewHang().Answer)
	start := time.Now()
	err := getUser(t.Context(), client, localdial.Timeout(time.Second))
	if took := time.Since(start); !errors.Is(err, localdial.ErrDeadlineExceeded) || took > patience/2 {
		t.Fatal(err, took)
	}
	received := server.Received()
	if len(received) != 2 || received[1].Left > received[0].Left-50*time.Millisecond {
		t.Error(received)
	}
}

func TestCancelingTheContextCancelsTheCallOnce(t *testing.T) {
	server, client := serverAndClient(t)
	hang := fakeserver.NewHang()
	server.Answers(hang.Answer)
	ctx, cancel := context.WithCancelCause(t.Context())
	hungUp := errors.New("the agent hung up")
	go func() {
		<-hang.Started
		cancel(hungUp)
	}()
	err := getUser(ctx, client, localdial.Timeout(patience))
	if !errors.Is(err, localdial.ErrCanceled) || !errors.Is(err, context.Canceled) || !errors.Is(err, hungUp) {
		t.Fatal(err)
	}
	if errors.Is(err, localdial.ErrClosed) || errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	waitFor(t, hang.Ended)
	if len(server.Received()) != 1 {
		t.Error("it was repeated")
	}
}

func TestCloseEndsTheCallsInFlight(t *testing.T) {
	server, client := serverAndClient(t)
	hang := fakeserver.NewHang()
	server.Answers(hang.Answer)
	go func() {
		<-hang.Started
		_ = client.Close()
	}()
	start := time.Now()
	err := getUser(t.Context(), client, localdial.Timeout(patience))
	if !errors.Is(err, localdial.ErrClosed) || !errors.Is(err, localdial.ErrCanceled) {
		t.Fatal(err)
	}
	if errors.Is(err, context.Canceled) {
		t.Error("it looks as if the caller had canceled")
	}
	// Far less than the retries of a call that the server canceled would take.
	if took := time.Since(start); took > 500*time.Millisecond {
		t.Error(took)
	}
	waitFor(t, hang.Ended)
}

func TestAClosedClientMakesNoCalls(t *testing.T) {
	server, client := serverAndClient(t)
	for range 2 {
		if err := client.Close(); err != nil {
			t.Fatal(err)
		}
	}
	start := time.Now()
	err := getUser(t.Context(), client)
	if !errors.Is(err, localdial.ErrClosed) || time.Since(start) > 500*time.Millisecond {
		t.Fatal(err, time.Since(start))
	}
	if len(server.Received()) != 0 {
		t.Error("it called")
	}
}

// countingListener counts the open connections.
type countingListener struct {
	net.Listener
	opened, open atomic.Int64
}

type countingConn struct {
	net.Conn
	listener *countingListener
}

func (l *countingListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.opened.Add(1)
	l.open.Add(1)
	return countingConn{conn, l}, nil
}

func (c countingConn) Read(buffer []byte) (int, error) {
	count, err := c.Conn.Read(buffer)
	if err == io.EOF {
		c.listener.open.Add(-1)
	}
	return count, err
}

func TestAClientConnectsWithItsFirstCallAndDisconnectsWhenClosed(t *testing.T) {
	listener := &countingListener{Listener: listen(t)}
	server := fakeserver.Serve(listener)
	t.Cleanup(server.Stop)
	client := newClient(t, server.Address)
	time.Sleep(100 * time.Millisecond)
	if listener.opened.Load() != 0 {
		t.Fatal("it connected before the first call")
	}
	for range 3 {
		if err := getUser(t.Context(), client); err != nil {
			t.Fatal(err)
		}
	}
	if opened, open := listener.opened.Load(), listener.open.Load(); opened != 1 || open != 1 {
		t.Fatal(opened, open)
	}
	_ = client.Close()
	for start := time.Now(); listener.open.Load() != 0; time.Sleep(time.Millisecond) {
		if time.Since(start) > patience {
			t.Fatal("the connection is still open")
		}
	}
}

func listen(t testing.TB) net.Listener {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return listener
}

func TestMetadataAndTheUserAgentReachTheServer(t *testing.T) {
	server, client := serverAndClient(t)
	ctx := metadata.AppendToOutgoingContext(t.Context(), "x-team", "dialer", "x-trace-bin", "\x00\x01")
	if err := getUser(ctx, client); err != nil {
		t.Fatal(err)
	}
	received := server.Received()[0].Metadata
	if received.Get("x-team")[0] != "dialer" || received.Get("x-trace-bin")[0] != "\x00\x01" {
		t.Error(received)
	}
	if agent := received.Get("user-agent")[0]; !strings.HasPrefix(agent, "localdial-client-go/"+localdial.Version+" ") {
		t.Error(agent)
	}
}

func TestALargePageIsReceived(t *testing.T) {
	server, client := serverAndClient(t)
	page := &localdialv1.ListUsersResponse{}
	for range 8 {
		page.Users = append(page.Users, &localdialv1.User{DisplayName: strings.Repeat("x", mebibyte)})
	}
	server.Answers(fakeserver.Says(page))
	answer, err := client.Directory.ListUsers(t.Context(), &localdialv1.ListUsersRequest{})
	if err != nil || len(answer.GetUsers()) != 8 {
		t.Fatal(err)
	}
}

func TestDialOptionsOfTheCallerOverrideThoseOfTheClient(t *testing.T) {
	limit := grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(100))
	server, client := serverAndClient(t, localdial.WithDialOptions(limit))
	server.Answers(fakeserver.Says(&localdialv1.GetUserResponse{
		User: &localdialv1.User{DisplayName: strings.Repeat("x", 200)},
	}))
	if err := getUser(t.Context(), client); !errors.Is(err, localdial.ErrResourceExhausted) {
		t.Fatal(err)
	}
}

func TestACallWhoseServerStopsIsUnavailable(t *testing.T) {
	server, client := serverAndClient(t)
	hang := fakeserver.NewHang()
	server.Answers(hang.Answer)
	go func() {
		<-hang.Started
		server.Stop()
	}()
	start := time.Now()
	err := getUser(t.Context(), client)
	if !errors.Is(err, localdial.ErrUnavailable) || time.Since(start) > localdial.DefaultTimeout+time.Second {
		t.Fatal(err, time.Since(start))
	}
}

func TestACallSucceedsIfTheServerReturnsDuringItsRetries(t *testing.T) {
	server, client := serverAndClient(t)
	if err := getUser(t.Context(), client); err != nil {
		t.Fatal(err)
	}
	server.Stop()
	again := make(chan *fakeserver.Server, 1)
	time.AfterFunc(300*time.Millisecond, func() { again <- fakeserver.StartAt(server.Address) })
	if err := getUser(t.Context(), client); err != nil {
		t.Error(err)
	}
	(<-again).Stop()
}

func TestACallThatRunsOutOfTimeSaysWhyItsAttemptsFailed(t *testing.T) {
	client := newClient(t, "127.0.0.1:1")
	err := getUser(t.Context(), client, localdial.Timeout(300*time.Millisecond))
	if !errors.Is(err, localdial.ErrDeadlineExceeded) {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`127\.0\.0\.1:1: .*refused.*, \d attempts?$`).MatchString(err.Error()) {
		t.Error(err)
	}
}

func TestACallThatNoServerAnswersSaysHowOftenItWasTried(t *testing.T) {
	client := newClient(t, "127.0.0.1:1")
	err := getUser(t.Context(), client)
	if !errors.Is(err, localdial.ErrUnavailable) {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`127\.0\.0\.1:1: .*refused.*, 5 attempts$`).MatchString(err.Error()) {
		t.Error(err)
	}
}

func TestACallThatRunsOutOfTimeBeforeItsServerIsFoundSaysWhichServer(t *testing.T) {
	t.Cleanup(func() { net.DefaultResolver.PreferGo, net.DefaultResolver.Dial = false, nil })
	net.DefaultResolver.PreferGo = true
	net.DefaultResolver.Dial = func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	client := newClient(t, "localdial.example:50051")
	err := getUser(t.Context(), client, localdial.Timeout(100*time.Millisecond))
	if !errors.Is(err, localdial.ErrDeadlineExceeded) {
		t.Fatal(err)
	}
	if !strings.HasSuffix(err.Error(), "; not sent to localdial.example:50051, 0 attempts") {
		t.Error(err)
	}
}
