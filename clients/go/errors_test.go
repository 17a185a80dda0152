package localdial_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	statuspb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/durationpb"

	localdial "github.com/localdial/localdial/clients/go"
	"github.com/localdial/localdial/clients/go/internal/fakeserver"
	"github.com/localdial/localdial/clients/go/localdialv1"
)

var (
	userNotFound = &errdetails.ErrorInfo{
		Domain: "localdial", Reason: "USER_NOT_FOUND",
		Metadata: map[string]string{"organization_id": "acme", "user_id": "ann"},
	}
	invalidFields = &errdetails.ErrorInfo{Domain: "localdial", Reason: "INVALID_FIELDS"}
	badFields     = &errdetails.BadRequest{FieldViolations: []*errdetails.BadRequest_FieldViolation{
		{Field: "user_id", Description: "is required"},
		{Field: "organization_id", Description: "must be visible ASCII"},
	}}
)

var sentinels = map[codes.Code]error{
	codes.Canceled: localdial.ErrCanceled, codes.InvalidArgument: localdial.ErrInvalidArgument,
	codes.DeadlineExceeded: localdial.ErrDeadlineExceeded, codes.NotFound: localdial.ErrNotFound,
	codes.AlreadyExists: localdial.ErrAlreadyExists, codes.PermissionDenied: localdial.ErrPermissionDenied,
	codes.ResourceExhausted: localdial.ErrResourceExhausted, codes.FailedPrecondition: localdial.ErrFailedPrecondition,
	codes.Unimplemented: localdial.ErrUnimplemented, codes.Internal: localdial.ErrInternal,
	codes.Unavailable: localdial.ErrUnavailable, codes.Unauthenticated: localdial.ErrUnauthenticated,
}

// The service never sends these.
var withoutSentinel = []codes.Code{codes.Unknown, codes.Aborted, codes.OutOfRange, codes.DataLoss}

// failureOf returns the error of a call that gets this answer.
func failureOf(t *testing.T, answer fakeserver.Answer) *localdial.Error {
	t.Helper()
	server, client := serverAndClient(t)
	server.Always(answer)
	return asError(t, getUser(t.Context(), client))
}

func asError(t *testing.T, err error) *localdial.Error {
	t.Helper()
	failure, is := errors.AsType[*localdial.Error](err)
	if !is {
		t.Fatalf("%T: %v", err, err)
	}
	return failure
}

func TestEachStatusMatchesItsOwnErrorAndNoOther(t *testing.T) {
	if len(sentinels)+len(withoutSentinel) != int(codes.Unauthenticated) {
		t.Fatal("a status is missing here")
	}
	for code := codes.Canceled; code <= codes.Unauthenticated; code++ {
		failure := failureOf(t, fakeserver.Fails(code, "for people", userNotFound))
		if failure.Code != code || failure.Message != "for people" || failure.Reason != "USER_NOT_FOUND" {
			t.Errorf("%v: %#v", code, failure)
		}
		for other, sentinel := range sentinels {
			if errors.Is(failure, sentinel) != (other == code) {
				t.Errorf("%v, taken for %v", code, other)
			}
		}
		if status.Code(failure) != code {
			t.Error(status.Code(failure))
		}
	}
}

func TestEveryReasonOfTheContractIsDecoded(t *testing.T) {
	server, client := serverAndClient(t)
	for number, name := range localdialv1.ErrorReason_name {
		if number == 0 {
			continue
		}
		reason := localdialv1.ErrorReason(number)
		info := &errdetails.ErrorInfo{Domain: "localdial", Reason: strings.TrimPrefix(name, "ERROR_REASON_")}
		server.Answers(fakeserver.Fails(codes.FailedPrecondition, "for people", info))
		err := fmt.Errorf("cannot dial: %w", getUser(t.Context(), client))
		for other := range localdialv1.ErrorReason_name {
			if localdial.HasReason(err, localdialv1.ErrorReason(other)) != (other == number) {
				t.Errorf("%s, taken for %s", name, localdialv1.ErrorReason(other))
			}
		}
		if want := "FAILED_PRECONDITION (" + info.Reason + "): for people"; asError(t, err).Error() != want {
			t.Error(reason, err)
		}
	}
	server.Answers(fakeserver.Fails(codes.Internal, "without a reason"))
	err := getUser(t.Context(), client)
	if localdial.HasReason(err, localdialv1.ErrorReason_ERROR_REASON_UNSPECIFIED) || localdial.HasReason(nil, 1) {
		t.Error("no reason was taken for one")
	}
}

func TestAnErrorHasItsReasonAndMetadata(t *testing.T) {
	failure := failureOf(t, fakeserver.Fails(codes.NotFound, "no such user", userNotFound))
	if !reflect.DeepEqual(failure.Metadata, userNotFound.Metadata) {
		t.Error(failure.Metadata)
	}
	if failure.Violations != nil || failure.RetryDelay != nil {
		t.Errorf("%#v", failure)
	}
	if failure.Error() != "NOT_FOUND (USER_NOT_FOUND): no such user" {
		t.Error(failure)
	}
}

func TestAnErrorHasEveryInvalidField(t *testing.T) {
	failure := failureOf(t, fakeserver.Fails(codes.InvalidArgument, "2 fields are wrong", invalidFields, badFields))
	want := []localdial.FieldViolation{
		{Field: "user_id", Description: "is required"},
		{Field: "organization_id", Description: "must be visible ASCII"},
	}
	if !reflect.DeepEqual(failure.Violations, want) {
		t.Error(failure.Violations)
	}
	text := "INVALID_ARGUMENT (INVALID_FIELDS): user_id: is required; organization_id: must be visible ASCII"
	if failure.Error() != text {
		t.Error(failure)
	}
}

// They come in the trailing metadata, which many gRPC libraries limit to 8 KiB by default.
func TestAnErrorHasAsManyInvalidFieldsAsARequestCanHave(t *testing.T) {
	many := &errdetails.BadRequest{}
	for user := range 1000 {
		for _, field := range []string{"user_id", "display_name", "caller_id", "work_phone"} {
			many.FieldViolations = append(many.FieldViolations, &errdetails.BadRequest_FieldViolation{
				Field:       fmt.Sprintf("users[%d].%s", user, field),
				Description: "must be a phone number in E.164: " + strings.Repeat("x", 60),
			})
		}
	}
	failure := failureOf(t, fakeserver.Fails(codes.InvalidArgument, "wrong", invalidFields, many))
	if failure.Reason != "INVALID_FIELDS" || len(failure.Violations) != 4000 {
		t.Error(failure.Reason, len(failure.Violations))
	}
}

func TestAnErrorSaysHowManyInvalidFieldsTheServiceDoesNotList(t *testing.T) {
	for total, unlisted := range map[string]int{"600": 598, "2": 0, "1": 0, "": 0, "many": 0} {
		info := &errdetails.ErrorInfo{
			Domain: "localdial", Reason: "INVALID_FIELDS", Metadata: map[string]string{"violation_count": total},
		}
		failure := failureOf(t, fakeserver.Fails(codes.InvalidArgument, "wrong", info, badFields))
		says := strings.HasSuffix(failure.Error(), "; organization_id: must be visible ASCII; and 598 more")
		if failure.UnlistedViolations() != unlisted || says != (unlisted > 0) {
			t.Error(total, failure.UnlistedViolations(), failure)
		}
	}
}

func TestTheRetryDelayIsDecoded(t *testing.T) {
	delay := &errdetails.RetryInfo{RetryDelay: durationpb.New(2500 * time.Millisecond)}
	failure := failureOf(t, fakeserver.Fails(codes.Aborted, "later", delay))
	if failure.RetryDelay == nil || *failure.RetryDelay != 2500*time.Millisecond {
		t.Error(failure.RetryDelay)
	}
}

func TestDetailsOfOtherTypesAndDomainsAreIgnored(t *testing.T) {
	proxy := &errdetails.ErrorInfo{Domain: "proxy.example", Reason: "TOO_BUSY", Metadata: map[string]string{"zone": "a"}}
	both := failureOf(t, fakeserver.Fails(codes.NotFound, "no such user", &errdetails.Help{}, userNotFound, proxy))
	if both.Reason != "USER_NOT_FOUND" {
		t.Error(both.Reason)
	}
	foreign := failureOf(t, fakeserver.Fails(codes.Aborted, "busy", proxy))
	if foreign.Reason != "" || len(foreign.Metadata) != 0 || foreign.Message != "busy" {
		t.Errorf("%#v", foreign)
	}
}

func TestUnreadableDetailsDoNotHideTheError(t *testing.T) {
	broken := &statuspb.Status{Code: int32(codes.NotFound), Message: "no such user", Details: []*anypb.Any{
		{TypeUrl: "type.googleapis.com/google.rpc.ErrorInfo", Value: []byte{0xff}},
		{TypeUrl: "type.googleapis.com/of.a.later.Contract", Value: []byte{1, 2, 3}},
		packed(t, badFields),
	}}
	failure := failureOf(t, func(context.Context) (proto.Message, error) { return nil, status.ErrorProto(broken) })
	if !errors.Is(failure, localdial.ErrNotFound) || failure.Message != "no such user" || failure.Reason != "" {
		t.Errorf("%#v", failure)
	}
	if len(failure.Violations) != 2 {
		t.Error(failure.Violations)
	}
}

func packed(t *testing.T, message protoadapt.MessageV1) *anypb.Any {
	t.Helper()
	detail, err := anypb.New(protoadapt.MessageV2Of(message))
	if err != nil {
		t.Fatal(err)
	}
	return detail
}

// Without it, a purchase whose response was lost could not be repeated safely.
func TestAnErrorHasTheRequestAsItWasSent(t *testing.T) {
	server, client := serverAndClient(t)
	server.Answers(fakeserver.Fails(codes.Internal, "a fault"))
	_, err := client.NumberInventory.PurchaseNumbers(t.Context(), &localdialv1.PurchaseNumbersRequest{AreaCode: "415"})
	failure := asError(t, err)
	sent := server.Received()[0].Request.(*localdialv1.PurchaseNumbersRequest)
	if sent.GetRequestId() == "" || !proto.Equal(failure.Request, sent) {
		t.Error(failure.Request, sent)
	}
	if want := "INTERNAL: a fault [request_id " + sent.GetRequestId() + "]"; failure.Error() != want {
		t.Error(failure)
	}
}

// gRPC itself would say: "max retries exhausted: failed after 5 attempts: rpc error: ...".
func TestAfterTheLastRetryTheMessageIsThatOfTheServer(t *testing.T) {
	failure := failureOf(t, fakeserver.Fails(codes.Unavailable, "restarting", userNotFound))
	if failure.Message != "restarting" || failure.Reason != "USER_NOT_FOUND" {
		t.Error(failure.Message, failure.Reason)
	}
}

func TestAServerThatIsNotThereIsUnavailable(t *testing.T) {
	server, client := serverAndClient(t)
	server.Stop()
	failure := asError(t, getUser(t.Context(), client))
	if !errors.Is(failure, localdial.ErrUnavailable) || !strings.Contains(failure.Message, "connection refused") {
		t.Error(failure)
	}
	if failure.Reason != "" || len(failure.Metadata) != 0 || failure.RetryDelay != nil {
		t.Errorf("%#v", failure)
	}
}

func TestAServerThatDoesNotSpeakGRPCIsUnavailable(t *testing.T) {
	listener := listen(t)
	defer func() { _ = listener.Close() }()
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Write([]byte("HTTP/1.1 400 Bad Request\r\n\r\n"))
			_ = conn.Close()
		}
	}()
	client := newClient(t, listener.Addr().String())
	if err := getUser(t.Context(), client); !errors.Is(err, localdial.ErrUnavailable) {
		t.Error(err)
	}
}

func TestFromStatusReturnsTheErrorForAStatusInAResponse(t *testing.T) {
	received := &statuspb.Status{
		Code: int32(codes.NotFound), Message: "no such user", Details: []*anypb.Any{packed(t, userNotFound)},
	}
	failure := asError(t, localdial.FromStatus(received))
	if !errors.Is(failure, localdial.ErrNotFound) || failure.Message != "no such user" || failure.Request != nil {
		t.Errorf("%#v", failure)
	}
	if failure.Reason != "USER_NOT_FOUND" || failure.Metadata["user_id"] != "ann" {
		t.Errorf("%#v", failure)
	}
}

func TestFromStatusReturnsUnknownForAStatusThatGRPCDoesNotDefine(t *testing.T) {
	failure := asError(t, localdial.FromStatus(&statuspb.Status{Code: 99, Message: "odd"}))
	if failure.Code != codes.Unknown || failure.Error() != "UNKNOWN: odd" {
		t.Error(failure)
	}
}

func TestFromStatusReturnsNilForOKAndForNil(t *testing.T) {
	if localdial.FromStatus(nil) != nil || localdial.FromStatus(&statuspb.Status{}) != nil {
		t.Error("it is")
	}
}

func TestAnErrorCanBeCreatedInTests(t *testing.T) {
	made := &localdial.Error{Code: codes.NotFound, Reason: "USER_NOT_FOUND", Message: "no such user"}
	if !errors.Is(made, localdial.ErrNotFound) || status.Code(made) != codes.NotFound {
		t.Error(made)
	}
	if localdial.ErrNotFound.Error() != "NOT_FOUND" {
		t.Error(localdial.ErrNotFound)
	}
}
