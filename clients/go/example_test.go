package localdial_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"

	localdial "github.com/localdial/localdial/clients/go"
	"github.com/localdial/localdial/clients/go/internal/fakeserver"
	"github.com/localdial/localdial/clients/go/localdialv1"
)

// pretend starts a server that gives these answers instead of localdial.
func pretend(answers ...fakeserver.Answer) (address string, stop func()) {
	server := fakeserver.Start()
	server.Answers(answers...)
	return server.Address, server.Stop
}

func Example() {
	address, stop := pretend(fakeserver.Says(&localdialv1.ResolveOutboundCallerIdResponse{
		CallerId: "+14155550199", Reason: localdialv1.CallerIdReason_CALLER_ID_REASON_LOCAL_PRESENCE,
	}))
	defer stop()

	client, err := localdial.New(address)
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = client.Close() }()

	answer, err := client.CallRouting.ResolveOutboundCallerId(
		context.Background(),
		&localdialv1.ResolveOutboundCallerIdRequest{
			OrganizationId: "acme", UserId: "ann", CalleeNumber: "+14155550100",
		},
		localdial.Timeout(500*time.Millisecond),
	)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(answer.GetCallerId(), answer.GetReason())
	// Output: +14155550199 CALLER_ID_REASON_LOCAL_PRESENCE
}

func ExampleNew() {
	root, err := os.ReadFile("root.pem")
	if err != nil {
		fmt.Println(err)
		return
	}
	client, err := localdial.New("a.localdial.internal:50051",
		localdial.WithAddresses("b.localdial.internal:50051"),
		localdial.WithRootCertificates(root),
		localdial.WithKey(os.Getenv("LOCALDIAL_KEY")),
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = client.Close() }()
	// Output: open root.pem: no such file or directory
}

func ExampleError() {
	address, stop := pretend(fakeserver.Fails(codes.NotFound, "the carrier has no numbers in 415", &errdetails.ErrorInfo{
		Domain: "localdial", Reason: "NO_NUMBERS_AVAILABLE", Metadata: map[string]string{"area_code": "415"},
	}))
	defer stop()
	client, err := localdial.New(address)
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = client.Close() }()

	request := localdial.WithIDs(&localdialv1.PurchaseNumbersRequest{OrganizationId: "acme", AreaCode: "415"})
	_, err = client.NumberInventory.PurchaseNumbers(context.Background(), request)
	var failure *localdial.Error
	switch {
	case localdial.HasReason(err, localdialv1.ErrorReason_ERROR_REASON_NO_NUMBERS_AVAILABLE) && errors.As(err, &failure):
		fmt.Println("no numbers left in", failure.Metadata["area_code"])
	case errors.Is(err, localdial.ErrInvalidArgument) && errors.As(err, &failure):
		for _, violation := range failure.Violations {
			fmt.Println(violation.Field, violation.Description)
		}
	case errors.Is(err, localdial.ErrUnavailable), errors.Is(err, context.DeadlineExceeded):
		fmt.Println("ask again with", request.GetRequestId())
	case err != nil:
		fmt.Println(err)
	}
	// Output: no numbers left in 415
}

func ExampleItems() {
	address, stop := pretend(
		fakeserver.Says(&localdialv1.ListNumbersResponse{
			Numbers: []*localdialv1.LocalPresenceNumber{{PhoneNumber: "+14155550100"}}, NextPageToken: "next",
		}),
		fakeserver.Says(&localdialv1.ListNumbersResponse{
			Numbers: []*localdialv1.LocalPresenceNumber{{PhoneNumber: "+14155550101"}},
		}),
	)
	defer stop()
	client, err := localdial.New(address)
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = client.Close() }()

	numbers := localdial.Items(
		context.Background(), client.NumberInventory.ListNumbers,
		&localdialv1.ListNumbersRequest{OrganizationId: "acme"},
		(*localdialv1.ListNumbersResponse).GetNumbers,
	)
	for number, err := range numbers {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(number.GetPhoneNumber())
	}
	// Output:
	// +14155550100
	// +14155550101
}
