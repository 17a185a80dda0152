package localdial

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	statuspb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/localdial/localdial/clients/go/localdialv1"
)

// errorDomain is that of the reasons of ErrorReason. A proxy on the way may have reasons of its own.
const errorDomain = "localdial"

// What a failed call is, for [errors.Is], by its status.
var (
	// ErrCanceled: the call was canceled, by the caller, by the server, or because the client was closed during it.
	ErrCanceled error = statusError(codes.Canceled)
	// ErrInvalidArgument: the request breaks the rules of the contract; see [Error.Violations].
	ErrInvalidArgument error = statusError(codes.InvalidArgument)
	// ErrDeadlineExceeded: no answer in time. The call may have taken effect.
	ErrDeadlineExceeded error = statusError(codes.DeadlineExceeded)
	// ErrNotFound: what the request names does not exist, or the carrier has no numbers to sell.
	ErrNotFound error = statusError(codes.NotFound)
	// ErrAlreadyExists: a number or an identifier is taken.
	ErrAlreadyExists error = statusError(codes.AlreadyExists)
	// ErrPermissionDenied: the caller may not do this.
	ErrPermissionDenied error = statusError(codes.PermissionDenied)
	// ErrResourceExhausted: a limit is reached, such as the size of a request.
	ErrResourceExhausted error = statusError(codes.ResourceExhausted)
	// ErrFailedPrecondition: the state of the organization does not allow it; a repeat alone will not help.
	ErrFailedPrecondition error = statusError(codes.FailedPrecondition)
	// ErrUnimplemented: the server does not have this method; it is older than the client.
	ErrUnimplemented error = statusError(codes.Unimplemented)
	// ErrInternal: a fault of the server; the metadata has the incident_id that its log has too.
	ErrInternal error = statusError(codes.Internal)
	// ErrUnavailable: the service cannot be reached or cannot work now, after the client's own repeats.
	ErrUnavailable error = statusError(codes.Unavailable)
	// ErrUnauthenticated: the caller did not prove who it is.
	ErrUnauthenticated error = statusError(codes.Unauthenticated)
)

type statusError codes.Code

func (e statusError) Error() string { return codeName(codes.Code(e)) }

// FieldViolation is a field of the request that breaks a rule of the contract.
type FieldViolation struct {
	// Field is the path of the field, such as `users[3].caller_id`.
	Field string
	// Description is what is wrong with it, for people.
	Description string
}

// Error is what a failed call returns, or one item of it (see [FromStatus]); get at it by [errors.As].
//
// Programs decide by the code, for which there is [ErrNotFound] and the like, and by the reason, for which there is
// [HasReason]; the texts are for people and may change. Where a context ended the call, its error is found too:
// errors.Is(err, context.DeadlineExceeded).
type Error struct {
	// Code is the gRPC status.
	Code codes.Code
	// Reason is a value of localdialv1.ErrorReason without its prefix, such as USER_NOT_FOUND. It is empty where the
	// service did not say, as when it could not be reached.
	Reason string
	// Message is what went wrong, for people.
	Message string
	// Metadata is what belongs to the reason, as localdialv1.ErrorReason documents it.
	Metadata map[string]string
	// Violations are, with the reason INVALID_FIELDS, every field that is wrong.
	Violations []FieldViolation
	// RetryDelay is how long to wait before a repeat, where the service says that a repeat may help; else nil.
	RetryDelay *time.Duration
	// Request is the request of the failed call as it was sent, with the identifiers that were filled in: sending it
	// again is harmless, where sending a fresh one might buy again. It is nil for one item of a call.
	Request proto.Message

	status *status.Status
	causes []error
}

// Error puts all on one line: `INVALID_ARGUMENT (INVALID_FIELDS): field: what is wrong; ...`.
func (e *Error) Error() string {
	var text strings.Builder
	text.WriteString(codeName(e.Code))
	if e.Reason != "" {
		fmt.Fprintf(&text, " (%s)", e.Reason)
	}
	text.WriteString(": ")
	// The service's message names the first of the fields; all of them say it better.
	for index, violation := range e.Violations {
		if index > 0 {
			text.WriteString("; ")
		}
		fmt.Fprintf(&text, "%s: %s", violation.Field, violation.Description)
	}
	if len(e.Violations) == 0 {
		text.WriteString(e.Message)
	}
	// Whoever finds this line in a log must be able to repeat the purchase without buying again.
	if request, has := e.Request.(interface{ GetRequestId() string }); has && request.GetRequestId() != "" {
		fmt.Fprintf(&text, " [request_id %s]", request.GetRequestId())
	}
	return text.String()
}

// Is tells whether the target is the one for this error's code, such as [ErrNotFound].
func (e *Error) Is(target error) bool {
	code, is := target.(statusError)
	return is && codes.Code(code) == e.Code
}

// Unwrap answers the error of gRPC, and what ended the call on this side, if anything did: the context's error and its
// cause, or [ErrClosed].
func (e *Error) Unwrap() []error { return e.causes }

// GRPCStatus answers the status as it was received, so that the functions of package status take this error as they take
// those of gRPC.
func (e *Error) GRPCStatus() *status.Status {
	if e.status != nil {
		return e.status
	}
	return status.New(e.Code, e.Message)
}

// HasReason tells whether the error is, or wraps, an [Error] with this reason.
func HasReason(err error, reason localdialv1.ErrorReason) bool {
	failure, is := errors.AsType[*Error](err)
	return is && reason != 0 && "ERROR_REASON_"+failure.Reason == reason.String()
}

// FromStatus makes the [Error] of a status that is part of an answer: of a leg of a batch, or of a number. It is nil for
// no status, and for OK.
func FromStatus(received *statuspb.Status) error {
	if codes.Code(received.GetCode()) == codes.OK {
		return nil
	}
	return decode(status.FromProto(received))
}

// fromCall makes the error of a call that failed, from that of gRPC.
func fromCall(ctx context.Context, err error, sent proto.Message) *Error {
	failure := decode(innermostStatus(err))
	failure.Request = sent
	failure.causes = []error{err}
	switch failure.Code {
	case codes.DeadlineExceeded:
		// Also where the server noticed a moment before this side did.
		failure.causes = append(failure.causes, context.DeadlineExceeded)
	case codes.Canceled:
		if cause := context.Cause(ctx); cause != nil && cause != ErrClosed {
			failure.causes = append(failure.causes, ctx.Err(), cause)
		}
	}
	return failure
}

// closedError is what a call fails with that the closing of the client ended, or that came after it.
func closedError(err error, sent proto.Message) *Error {
	return &Error{Code: codes.Canceled, Message: ErrClosed.Error(), Request: sent, causes: []error{ErrClosed, err}}
}

// innermostStatus is the status as the server sent it. Where gRPC gives up repeating a call it wraps the last error in a
// text of its own, and would have that for the message.
func innermostStatus(err error) *status.Status {
	if carrier, found := errors.AsType[interface {
		error
		GRPCStatus() *status.Status
	}](err); found {
		return carrier.GRPCStatus()
	}
	return status.Convert(err)
}

func decode(received *status.Status) *Error {
	failure := &Error{
		Code:     known(received.Code()),
		Message:  received.Message(),
		Metadata: map[string]string{},
		status:   received,
	}
	for _, detail := range received.Proto().GetDetails() {
		// Details that cannot be read, or of another kind, must not hide the error that they belong to.
		message, err := detail.UnmarshalNew()
		if err != nil {
			continue
		}
		switch message := message.(type) {
		case *errdetails.ErrorInfo:
			if message.GetDomain() == errorDomain {
				failure.Reason = message.GetReason()
				failure.Metadata = message.GetMetadata()
			}
		case *errdetails.BadRequest:
			for _, each := range message.GetFieldViolations() {
				failure.Violations = append(failure.Violations, FieldViolation{each.GetField(), each.GetDescription()})
			}
		case *errdetails.RetryInfo:
			failure.RetryDelay = new(message.GetRetryDelay().AsDuration())
		}
	}
	return failure
}

// known takes a status that gRPC does not have for UNKNOWN.
func known(received codes.Code) codes.Code {
	if _, is := code.Code_name[int32(received)]; is {
		return received
	}
	return codes.Unknown
}

// codeName writes the status as the contract and all other tools do: NOT_FOUND.
func codeName(status codes.Code) string {
	return code.Code(status).String()
}
