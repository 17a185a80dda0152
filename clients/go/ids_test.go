package localdial_test

import (
	"testing"

	"google.golang.org/protobuf/proto"

	localdial "github.com/localdial/localdial/clients/go"
	"github.com/localdial/localdial/clients/go/localdialv1"
)

func TestARequestThatNeedsNoIdentifierIsReturnedUnchanged(t *testing.T) {
	for _, request := range []proto.Message{
		&localdialv1.PurchaseNumbersRequest{RequestId: "mine"},
		&localdialv1.ResolveOutboundCallerIdRequest{CallId: "mine"},
		&localdialv1.ResolveOutboundCallerIdRequest{ValidateOnly: true},
		&localdialv1.RouteInboundCallRequest{CalledNumber: "+14155550100", CallId: "mine"},
		&localdialv1.ReportInboundCallOutcomeRequest{OrganizationId: "acme"},
		&localdialv1.SetUserRequest{User: &localdialv1.User{UserId: "ann"}},
		&localdialv1.BatchResolveOutboundCallerIdsRequest{},
	} {
		if localdial.WithIDs(request) != request {
			t.Errorf("%T was copied", request)
		}
	}
}

func TestEachLegOfABatchGetsItsOwnIdentifier(t *testing.T) {
	mine, unrecorded := newLeg(), newLeg()
	mine.CallId, unrecorded.ValidateOnly = "mine", true
	batch := &localdialv1.BatchResolveOutboundCallerIdsRequest{
		Requests: []*localdialv1.ResolveOutboundCallerIdRequest{newLeg(), mine, unrecorded, nil},
	}
	filled := identifiersOf(localdial.WithIDs(batch))
	if filled[0] == "" || filled[1] != "mine" || filled[2] != "" || filled[3] == "" || filled[0] == filled[3] {
		t.Error(filled)
	}
	if before := identifiersOf(batch); before[0] != "" || batch.GetRequests()[3] != nil {
		t.Error("the caller's request was changed:", batch)
	}
}

func TestIdentifiersOfTheCallerAreKept(t *testing.T) {
	named := localdial.WithIDs(&localdialv1.PurchaseNumbersRequest{AreaCode: "415"})
	if named.GetRequestId() == "" || localdial.WithIDs(named) != named {
		t.Error(named)
	}
}

// The generated code treats nil as an empty message.
func TestNilCountsAsAnEmptyRequest(t *testing.T) {
	server, client := serverAndClient(t)
	if _, err := client.NumberInventory.PurchaseNumbers(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if identifiersOf(server.Received()[0].Request)[0] == "" {
		t.Error("it has no identifier")
	}
	if _, err := client.Directory.SetUser(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
}
