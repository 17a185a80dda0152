package localdial

import (
	"context"
	"errors"
	"fmt"
	"strconv"
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

// errorDomain is the domain of the reasons in ErrorReason. A proxy may add reasons of its own domain.
const errorDomain = "localdial"

// The errors that match a failed call by its status, with [errors.Is].
var (
	// ErrCanceled: the call was canceled by the caller, by the server, or because the client was closed during the call.
	ErrCanceled error = statusError(codes.Canceled)
	// ErrInvalidArgument: the request breaks the rules of the contract; see [Error.Violations].
	ErrInvalidArgument error = statusError(codes.InvalidArgument)
	// ErrDeadlineExceeded: there was no response in time. The call may have taken effect.
	ErrDeadlineExceeded error = statusError(codes.DeadlineExceeded)
	// ErrNotFound: something that the request names does not exist, or the carrier has no numbers for sale.
	ErrNotFound error = statusError(codes.NotFound)
	// ErrAlreadyExists: a number or an identifier is already in use.
	ErrAlreadyExists error = statusError(codes.AlreadyExists)
	// ErrPermissionDenied: the caller does not have permission for the call.
	ErrPermissionDenied error = statusError(codes.PermissionDenied)
	// ErrResourceExhausted: a limit is exceeded, such as the size of a request.
	ErrResourceExhausted error = statusError(codes.ResourceExhausted)
	// ErrFailedPrecondition: the state of the organization does not allow the call; repeating it alone does not help.
	ErrFailedPrecondition error = statusError(codes.FailedPrecondition)
	// ErrUnimplemented: the server does not have this method, because it is older than the client.
	ErrUnimplemented error = statusError(codes.Unimplemented)
	// ErrInternal: the server failed; the metadata has the incident_id under which its log has the cause.
	ErrInternal error = statusError(codes.Internal)
	// ErrUnavailable: the service cannot be reached or is not ready, even after the client's own retries.
	ErrUnavailable error = statusError(codes.Unavailable)
	// ErrUnauthenticated: the call has no valid key.
	ErrUnauthenticated error = statusError(codes.Unauthenticated)
)

type statusError codes.Code

func (e statusError) Error() string { return codeName(codes.Code(e)) }

// FieldViolation is a field of the request that breaks a rule of the contract.
type FieldViolation struct {
	// Field is the path of the field, such as "users[3].caller_id".
	Field string
	// Description says what is wrong with it, for people to read.
	Description string
}

// Error is the error of a failed call, or of one item of it (see [FromStatus]). Get it with [errors.As].
//
// Programs should decide by the code, with [ErrNotFound] and the like, and by the reason, with [HasReason]; the messages
// are for people and may change. If a context ended the call, its error matches too: errors.Is(err,
// context.DeadlineExceeded).
type Error struct {
	// Code is the gRPC status.
	Code codes.Code
	// Reason is a value of localdialv1.ErrorReason without its prefix, such as USER_NOT_FOUND. It is empty if the service
	// gave none, for example because it could not be reached.
	Reason string
	// Message says what went wrong, for people to read.
	Message string
	// Metadata is the metadata of the reason, as documented in localdialv1.ErrorReason.
	Metadata map[string]string
	// Violations has the invalid fields, if the reason is INVALID_FIELDS. Of very many, the service lists the first ones;
	// see UnlistedViolations.
	Violations []FieldViolation
	// RetryDelay is how long to wait before repeating the call, or nil if the service gave no delay.
	RetryDelay *time.Duration
	// Request is the request as it was sent, including the identifiers that were filled in. Sending it again is safe; a
	// new request might buy again. It is nil for one item of a call.
	Request proto.Message

	status *status.Status
	causes []error
}

// Error returns everything on one line: "INVALID_ARGUMENT (INVALID_FIELDS): field: what is wrong; ...".
func (e *Error) Error() string {
	var text strings.Builder
	text.WriteString(codeName(e.Code))
	if e.Reason != "" {
		fmt.Fprintf(&text, " (%s)", e.Reason)
	}
	text.WriteString(": ")
	// The service's message names only the first invalid fields.
	for index, violation := range e.Violations {
		if index > 0 {
			text.WriteString("; ")
		}
		fmt.Fprintf(&text, "%s: %s", violation.Field, violation.Description)
	}
	if len(e.Violations) == 0 {
		text.WriteString(e.Message)
	} else if more := e.UnlistedViolations(); more > 0 {
		fmt.Fprintf(&text, "; and %d more", more)
	}
	// Someone who finds this line in a log needs the request_id to repeat the purchase safely.
	if request, has := e.Request.(interface{ GetRequestId() string }); has && request.GetRequestId() != "" {
		fmt.Fprintf(&text, " [request_id %s]", request.GetRequestId())
	}
	return text.String()
}

// UnlistedViolations returns how many invalid fields there are beyond those in Violations, because the service lists only
// some.
func (e *Error) UnlistedViolations() int {
	total, err := strconv.Atoi(e.Metadata["violation_count"])
	if err != nil {
		return 0
	}
	return max(0, total-len(e.Violations))
}

// Is reports whether the target is the error for this code, such as [ErrNotFound].
func (e *Error) Is(target error) bool {
	code, is := target.(statusError)
	return is && codes.Code(code) == e.Code
}

// Unwrap returns the error of gRPC and, if this side ended the call, why: the context's error and its cause, or
// [ErrClosed].
func (e *Error) Unwrap() []error { return e.causes }

// GRPCStatus returns the status as it was received, so that the functions of gRPC's package status accept this error.
func (e *Error) GRPCStatus() *status.Status {
	if e.status != nil {
		return e.status
	}
	return status.New(e.Code, e.Message)
}

// HasReason reports whether the error is, or wraps, an *[Error] with this reason.
func HasReason(err error, reason localdialv1.ErrorReason) bool {
	failure, is := errors.AsType[*Error](err)
	return is && reason != 0 && "ERROR_REASON_"+failure.Reason == reason.String()
}

// FromStatus returns the *[Error] for a status inside a response: that of a leg of a batch, or of a number. It returns nil
// for a nil status and for OK.
func FromStatus(received *statuspb.Status) error {
	if codes.Code(received.GetCode()) == codes.OK {
		return nil
	}
	return decode(status.FromProto(received))
}

// fromCall returns the error of a failed call, made from the error of gRPC.
func fromCall(ctx context.Context, err error, sent proto.Message) *Error {
	failure := decode(innermostStatus(err))
	failure.Request = sent
	failure.causes = []error{err}
	switch failure.Code {
	case codes.DeadlineExceeded:
		// The server may notice the deadline a moment before the context does.
		failure.causes = append(failure.causes, context.DeadlineExceeded)
	case codes.Canceled:
		if cause := context.Cause(ctx); cause != nil && cause != ErrClosed {
			failure.causes = append(failure.causes, ctx.Err(), cause)
		}
	}
	return failure
}

// closedError returns the error of a call that the closing of the client ended, or that came after it.
func closedError(err error, sent proto.Message) *Error {
	return &Error{Code: codes.Canceled, Message: ErrClosed.Error(), Request: sent, causes: []error{ErrClosed, err}}
}

// innermostStatus returns the status as the server sent it. When gRPC gives up retrying, it wraps the last error in a text
// of its own, which would otherwise become the message.
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
		Code:     knownCode(received.Code()),
		Message:  received.Message(),
		Metadata: map[string]string{},
		status:   received,
	}
	for _, detail := range received.Proto().GetDetails() {
		// Details that cannot be decoded must not hide the error itself.
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

// knownCode returns the code, or Unknown for one that gRPC does not define.
func knownCode(received codes.Code) codes.Code {
	if _, is := code.Code_name[int32(received)]; is {
		return received
	}
	return codes.Unknown
}

// codeName returns the name of the status as the contract and other tools spell it: NOT_FOUND.
func codeName(status codes.Code) string {
	return code.Code(status).String()
}
