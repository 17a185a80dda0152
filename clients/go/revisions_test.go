package localdial_test

import (
	"context"
	"testing"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	statuspb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/anypb"

	localdial "github.com/localdial/localdial/clients/go"
	"github.com/localdial/localdial/clients/go/internal/fakeserver"
	"github.com/localdial/localdial/clients/go/localdialv1"
)

var notReached = &errdetails.ErrorInfo{Domain: "localdial", Reason: "REVISION_NOT_REACHED"}

// setUser makes a change that returns the revision.
func setUser(t *testing.T, server *fakeserver.Server, client *localdial.Client, organization string, revision int64) {
	t.Helper()
	server.Answers(fakeserver.Says(&localdialv1.SetUserResponse{Revision: revision}))
	request := &localdialv1.SetUserRequest{User: &localdialv1.User{OrganizationId: organization}}
	if _, err := client.Directory.SetUser(t.Context(), request); err != nil {
		t.Fatal(err)
	}
}

// asked resolves for an organization and returns the min_revision that the server received.
func asked(t *testing.T, server *fakeserver.Server, client *localdial.Client, organization string) int64 {
	t.Helper()
	server.Forget()
	leg := newLeg()
	leg.OrganizationId = organization
	_, _ = client.CallRouting.ResolveOutboundCallerId(t.Context(), leg)
	if leg.GetMinRevision() != 0 {
		t.Error("the caller's request was changed:", leg)
	}
	return server.Received()[0].Request.(*localdialv1.ResolveOutboundCallerIdRequest).GetMinRevision()
}

func TestAResolveSendsTheNewestRevisionOfItsOrganization(t *testing.T) {
	server, client := serverAndClient(t)
	if revision := asked(t, server, client, "acme"); revision != 0 {
		t.Error("before any change:", revision)
	}
	setUser(t, server, client, "acme", 7)
	setUser(t, server, client, "acme", 6)
	setUser(t, server, client, "other", 3)
	if acme, other := asked(t, server, client, "acme"), asked(t, server, client, "other"); acme != 7 || other != 3 {
		t.Error(acme, other)
	}
}

func TestAMinRevisionOfTheCallerIsSentUnchanged(t *testing.T) {
	server, client := serverAndClient(t)
	setUser(t, server, client, "acme", 7)
	server.Forget()
	unasked, low, other := newLeg(), newLeg(), newLeg()
	low.MinRevision, other.OrganizationId = 2, "other"
	batch := &localdialv1.BatchResolveOutboundCallerIdsRequest{
		Requests: []*localdialv1.ResolveOutboundCallerIdRequest{unasked, low, other, nil},
	}
	if _, err := client.CallRouting.BatchResolveOutboundCallerIds(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	sent := server.Received()[0].Request.(*localdialv1.BatchResolveOutboundCallerIdsRequest).GetRequests()
	if sent[0].GetMinRevision() != 7 || sent[1].GetMinRevision() != 2 || sent[2].GetMinRevision() != 0 {
		t.Error(sent)
	}
	if unasked.GetMinRevision() != 0 {
		t.Error("the caller's request was changed")
	}
}

func TestARequestThatHasAllIdentifiersIsNotChanged(t *testing.T) {
	server, client := serverAndClient(t)
	setUser(t, server, client, "acme", 7)
	leg := newLeg()
	leg.CallId = "mine"
	if _, err := client.CallRouting.ResolveOutboundCallerId(t.Context(), leg); err != nil || leg.GetMinRevision() != 0 {
		t.Error(leg, err)
	}
}

func TestReadYourWritesCanBeTurnedOff(t *testing.T) {
	server, client := serverAndClient(t, localdial.WithoutReadYourWrites())
	setUser(t, server, client, "acme", 7)
	if revision := asked(t, server, client, "acme"); revision != 0 {
		t.Error(revision)
	}
}

// Each method of the contract that changes something returns a revision; none may be missed.
func TestTheRevisionOfEveryChangeIsRemembered(t *testing.T) {
	found := 0
	for _, service := range services() {
		for index := range service.Methods().Len() {
			method := service.Methods().Get(index)
			field := method.Output().Fields().ByName("revision")
			if field == nil {
				continue
			}
			found++
			server, client := serverAndClient(t)
			server.Answers(func(context.Context) (proto.Message, error) { return answerOf(t, method, 9), nil })
			callFor(t, client, method, "acme")
			remembered := asked(t, server, client, "acme")
			if changes := service.Name() != "CallRouting"; changes != (remembered == 9) {
				t.Error(method.FullName(), remembered)
			}
		}
	}
	if found < 10 {
		t.Error("too few methods answer a revision:", found)
	}
}

func answerOf(t *testing.T, method protoreflect.MethodDescriptor, revision int64) proto.Message {
	t.Helper()
	message := newMessage(t, method.Output())
	message.Set(method.Output().Fields().ByName("revision"), protoreflect.ValueOfInt64(revision))
	return message.Interface()
}

func TestARevisionThatIsNotReachedIsForgotten(t *testing.T) {
	server, client := serverAndClient(t)
	setUser(t, server, client, "acme", 7)
	setUser(t, server, client, "other", 8)
	server.Answers(fakeserver.Fails(codes.FailedPrecondition, "restored", notReached))
	_, err := client.CallRouting.ResolveOutboundCallerId(t.Context(), newLeg())
	if !localdial.HasReason(err, localdialv1.ErrorReason_ERROR_REASON_REVISION_NOT_REACHED) {
		t.Error("the error was not passed on:", err)
	}
	if acme, other := asked(t, server, client, "acme"), asked(t, server, client, "other"); acme != 0 || other != 8 {
		t.Error(acme, other)
	}
}

func TestABatchForgetsTheRevisionOfALegThatDidNotReachIt(t *testing.T) {
	server, client := serverAndClient(t)
	setUser(t, server, client, "acme", 7)
	setUser(t, server, client, "other", 8)
	other := newLeg()
	other.OrganizationId = "other"
	info, err := anypb.New(notReached)
	if err != nil {
		t.Fatal(err)
	}
	server.Answers(fakeserver.Says(&localdialv1.BatchResolveOutboundCallerIdsResponse{
		Results: []*localdialv1.BatchResolveOutboundCallerIdsResult{
			{Result: &localdialv1.BatchResolveOutboundCallerIdsResult_Response{
				Response: &localdialv1.ResolveOutboundCallerIdResponse{Revision: 7},
			}},
			{Result: &localdialv1.BatchResolveOutboundCallerIdsResult_Status{Status: &statuspb.Status{
				Code: int32(codes.FailedPrecondition), Details: []*anypb.Any{info},
			}}},
		},
	}))
	batch := &localdialv1.BatchResolveOutboundCallerIdsRequest{
		Requests: []*localdialv1.ResolveOutboundCallerIdRequest{newLeg(), other},
	}
	if _, err := client.CallRouting.BatchResolveOutboundCallerIds(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	if acme, other := asked(t, server, client, "acme"), asked(t, server, client, "other"); acme != 7 || other != 0 {
		t.Error(acme, other)
	}
}

func TestAnUnreachedMinRevisionOfTheCallerErasesNothing(t *testing.T) {
	server, client := serverAndClient(t)
	setUser(t, server, client, "acme", 7)
	server.Answers(fakeserver.Fails(codes.FailedPrecondition, "too high", notReached))
	leg := newLeg()
	leg.MinRevision = 1000
	_, _ = client.CallRouting.ResolveOutboundCallerId(t.Context(), leg)
	if revision := asked(t, server, client, "acme"); revision != 7 {
		t.Error(revision)
	}
}
