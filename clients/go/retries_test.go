package localdial_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	localdial "github.com/localdial/localdial/clients/go"
	"github.com/localdial/localdial/clients/go/internal/fakeserver"
	"github.com/localdial/localdial/clients/go/localdialv1"
)

const maxAttempts = 5

var unavailable = fakeserver.Fails(codes.Unavailable, "restarting")

func newLeg() *localdialv1.ResolveOutboundCallerIdRequest {
	return &localdialv1.ResolveOutboundCallerIdRequest{
		OrganizationId: "acme", UserId: "ann", CalleeNumber: "+14155550100",
	}
}

// identifiersOf returns the identifiers that make a request safe to repeat.
func identifiersOf(request proto.Message) []string {
	switch request := request.(type) {
	case *localdialv1.BatchResolveOutboundCallerIdsRequest:
		var found []string
		for _, leg := range request.GetRequests() {
			found = append(found, leg.GetCallId())
		}
		return found
	case interface{ GetCallId() string }:
		return []string{request.GetCallId()}
	default:
		return []string{request.(interface{ GetRequestId() string }).GetRequestId()}
	}
}

func TestARetryHasTheSameIdentifiers(t *testing.T) {
	server, client := serverAndClient(t)
	purchase := &localdialv1.PurchaseNumbersRequest{OrganizationId: "acme", AreaCode: "415"}
	deletion := &localdialv1.DeleteNumbersRequest{PhoneNumbers: []string{"+14155550100"}}
	leg := newLeg()
	callBack := &localdialv1.RouteInboundCallRequest{CalledNumber: "+14155550100"}
	batch := &localdialv1.BatchResolveOutboundCallerIdsRequest{
		Requests: []*localdialv1.ResolveOutboundCallerIdRequest{newLeg(), newLeg(), newLeg()},
	}
	for request, call := range map[proto.Message]func() error{
		purchase: func() error { _, err := client.NumberInventory.PurchaseNumbers(t.Context(), purchase); return err },
		deletion: func() error { _, err := client.NumberInventory.DeleteNumbers(t.Context(), deletion); return err },
		leg:      func() error { _, err := client.CallRouting.ResolveOutboundCallerId(t.Context(), leg); return err },
		callBack: func() error { _, err := client.CallRouting.RouteInboundCall(t.Context(), callBack); return err },
		batch: func() error {
			_, err := client.CallRouting.BatchResolveOutboundCallerIds(t.Context(), batch)
			return err
		},
	} {
		before := proto.Clone(request)
		server.Forget()
		server.Answers(unavailable, fakeserver.Fails(codes.Canceled, "shutting down"))
		for range 2 {
			if err := call(); err != nil {
				t.Fatal(err)
			}
		}
		received := server.Received()
		if len(received) != 4 {
			t.Fatal(len(received))
		}
		first := received[0].Request
		if !proto.Equal(first, received[1].Request) || !proto.Equal(first, received[2].Request) {
			t.Error("a repeat differs", received)
		}
		for index, id := range identifiersOf(first) {
			if parsed, err := uuid.Parse(id); err != nil || parsed.Version() != 7 {
				t.Error(id, err)
			}
			if slices.Contains(identifiersOf(first)[index+1:], id) || slices.Contains(identifiersOf(received[3].Request), id) {
				t.Error("an identifier is used twice:", id)
			}
		}
		if !proto.Equal(before, request) {
			t.Error("the caller's request was changed:", request)
		}
	}
}

func TestACallFailsAfterItsLastRetry(t *testing.T) {
	server, client := serverAndClient(t)
	server.Always(unavailable)
	if err := getUser(t.Context(), client); !errors.Is(err, localdial.ErrUnavailable) {
		t.Fatal(err)
	}
	if count := len(server.Received()); count != maxAttempts {
		t.Error(count)
	}
}

func TestNoOtherStatusIsRetried(t *testing.T) {
	server, client := serverAndClient(t)
	for code := codes.Canceled; code <= codes.Unauthenticated; code++ {
		if code == codes.Unavailable || code == codes.Canceled {
			continue
		}
		server.Forget()
		server.Answers(fakeserver.Fails(code, "no"))
		if err := getUser(t.Context(), client); err == nil || len(server.Received()) != 1 {
			t.Error(code, err, len(server.Received()))
		}
	}
}

// pushedBack fails, and says when to retry the call: after this many milliseconds, or never if negative.
func pushedBack(milliseconds string) fakeserver.Answer {
	return func(ctx context.Context) (proto.Message, error) {
		if err := grpc.SetTrailer(ctx, metadata.Pairs("grpc-retry-pushback-ms", milliseconds)); err != nil {
			return nil, err
		}
		return unavailable(ctx)
	}
}

func TestThePushbackOfTheServerIsHonored(t *testing.T) {
	server, client := serverAndClient(t)
	server.Answers(pushedBack("-1"))
	if err := getUser(t.Context(), client); !errors.Is(err, localdial.ErrUnavailable) || len(server.Received()) != 1 {
		t.Error(err, len(server.Received()))
	}
}

func TestCloseEndsACallThatWaitsForItsRetry(t *testing.T) {
	server, client := serverAndClient(t)
	server.Always(pushedBack("4000"))
	time.AfterFunc(200*time.Millisecond, func() { _ = client.Close() })
	start := time.Now()
	err := getUser(t.Context(), client)
	if took := time.Since(start); !errors.Is(err, localdial.ErrClosed) || took > 3*time.Second {
		t.Error(err, took)
	}
}

func TestTheLargestRequestIsRetried(t *testing.T) {
	server, client := serverAndClient(t)
	request := &localdialv1.BatchSetUsersRequest{}
	for number := range 1000 {
		request.Users = append(request.Users, &localdialv1.User{
			OrganizationId: strings.Repeat("o", 128), UserId: fmt.Sprintf("%0128d", number),
			DisplayName: strings.Repeat("é", 200),
		})
	}
	server.Answers(unavailable)
	if _, err := client.Directory.BatchSetUsers(t.Context(), request); err != nil {
		t.Fatal(err)
	}
	received := server.Received()
	if len(received) != 2 || !proto.Equal(received[1].Request, request) {
		t.Error(len(received))
	}
}

func TestRetryingStopsWhileAServiceIsDownAndResumesWhenItIsUp(t *testing.T) {
	server, client := serverAndClient(t)
	attempts := func() int {
		before := len(server.Received())
		_ = getUser(t.Context(), client)
		return len(server.Received()) - before
	}
	server.Always(unavailable)
	var all sync.WaitGroup
	for range 100 {
		all.Go(func() { attempts() })
	}
	all.Wait()
	if count := attempts(); count != 1 {
		t.Error("repeated while it was down:", count)
	}
	server.Always(nil)
	for range 150 {
		attempts()
	}
	server.Answers(unavailable)
	if count := attempts(); count != 2 {
		t.Error("not repeated after it was up:", count)
	}
}

func TestCallsTakeTurnsAndARetryGoesToAnotherServer(t *testing.T) {
	ill, well := startServer(t), startServer(t)
	client := newClient(t, ill.Address, localdial.WithAddresses(well.Address))
	reachBoth(t, client, ill, well)
	for range 10 {
		if err := getUser(t.Context(), client); err != nil {
			t.Fatal(err)
		}
	}
	if first, second := len(ill.Received()), len(well.Received()); first != 5 || second != 5 {
		t.Error("no turns:", first, second)
	}
	ill.Forget()
	well.Forget()
	ill.Always(unavailable)
	for range 4 {
		if err := getUser(t.Context(), client); err != nil {
			t.Fatal(err)
		}
	}
	if count := len(ill.Received()); len(well.Received()) != 4 || count == 0 || count > 4 {
		t.Error(count, len(well.Received()))
	}
}

func TestNoCallFailsWhileOneOfTwoServersIsStopped(t *testing.T) {
	gone, there := startServer(t), startServer(t)
	client := newClient(t, gone.Address, localdial.WithAddresses(there.Address))
	reachBoth(t, client, gone, there)
	gone.Stop()
	start := time.Now()
	for range 20 {
		if err := getUser(t.Context(), client); err != nil {
			t.Fatal(err)
		}
	}
	if took := time.Since(start); took > 2*time.Second {
		t.Error("the calls waited for it:", took)
	}
}

// reachBoth makes calls until both servers are connected, which happens in the background.
func reachBoth(t *testing.T, client *localdial.Client, servers ...*fakeserver.Server) {
	t.Helper()
	for start := time.Now(); ; {
		if err := getUser(t.Context(), client); err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(servers, func(s *fakeserver.Server) bool { return len(s.Received()) == 0 }) {
			break
		}
		if time.Since(start) > patience {
			t.Fatal("one of the servers is never called")
		}
	}
	for _, server := range servers {
		server.Forget()
	}
}

// refuses returns the answer of a server that refuses calls for the reason.
func refuses(reason string, delay time.Duration) fakeserver.Answer {
	return fakeserver.Fails(codes.ResourceExhausted, "refused",
		&errdetails.ErrorInfo{Domain: "localdial", Reason: reason},
		&errdetails.RetryInfo{RetryDelay: durationpb.New(delay)})
}

func TestACallThatAnOverloadedServerRefusesIsRepeatedAfterTheDelay(t *testing.T) {
	server, client := serverAndClient(t)
	server.Answers(refuses("OVERLOADED", 300*time.Millisecond), refuses("OVERLOADED", 0))
	start := time.Now()
	if err := getUser(t.Context(), client); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(start); took < 300*time.Millisecond {
		t.Error("repeated too soon:", took)
	}
	if count := len(server.Received()); count != 3 {
		t.Error(count)
	}
}

func TestAnOverloadIsReportedIfTheDelayExceedsTheTimeLeft(t *testing.T) {
	server, client := serverAndClient(t)
	server.Answers(refuses("OVERLOADED", time.Minute))
	if err := getUser(t.Context(), client); !localdial.HasReason(err, localdialv1.ErrorReason_ERROR_REASON_OVERLOADED) {
		t.Error(err)
	}
	if count := len(server.Received()); count != 1 {
		t.Error(count)
	}
}

func TestALimitIsNotTriedAgain(t *testing.T) {
	for _, reason := range []string{"NUMBER_LIMIT_REACHED", "PURCHASE_LIMIT_REACHED", "REQUEST_TOO_LARGE"} {
		server, client := serverAndClient(t)
		server.Answers(refuses(reason, 10*time.Millisecond))
		if err := getUser(t.Context(), client); !errors.Is(err, localdial.ErrResourceExhausted) {
			t.Error(reason, err)
		}
		if count := len(server.Received()); count != 1 {
			t.Error(reason, count)
		}
	}
}
