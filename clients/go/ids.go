package localdial

import (
	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/localdial/localdial/clients/go/localdialv1"
)

// WithIDs returns the request with every identifier filled in that makes it safe to repeat.
//
// An empty request_id becomes a new UUID. So does the empty call_id of a call-back, and of a leg to resolve, unless the
// leg is validate_only and records nothing. The server returns its first response for an identifier that it knows, so
// that a repeated call buys, deletes or records only once. Every call does this itself; use WithIDs to know the
// identifiers before the call, in order to repeat it yourself.
//
// It returns a copy, or the request itself if nothing is missing. It never changes the request.
func WithIDs[Request proto.Message](request Request) Request {
	if len(missingIDs(request)) == 0 {
		return request
	}
	filled := copyOf(request)
	for _, missing := range missingIDs(filled) {
		missing.message.Set(missing.field, protoreflect.ValueOfString(newID()))
	}
	return filled
}

// copyOf returns a copy that can be changed, also of nil, which stands for an empty message.
func copyOf[Message proto.Message](message Message) Message {
	if !message.ProtoReflect().IsValid() {
		return message.ProtoReflect().New().Interface().(Message)
	}
	return proto.CloneOf(message)
}

// newID returns a UUID of version 7 (RFC 9562). It starts with the time, so that a database index keeps recent calls
// together.
func newID() string {
	return uuid.Must(uuid.NewV7()).String()
}

// missingID is an identifier that the request does not have.
type missingID struct {
	message protoreflect.Message
	field   protoreflect.FieldDescriptor
}

func missingIDs(request proto.Message) []missingID {
	switch request := request.(type) {
	case *localdialv1.ResolveOutboundCallerIdRequest:
		if request.GetCallId() != "" || request.GetValidateOnly() {
			return nil
		}
		return missingField(request, "call_id")
	case *localdialv1.BatchResolveOutboundCallerIdsRequest:
		var found []missingID
		for _, leg := range request.GetRequests() {
			found = append(found, missingIDs(leg)...)
		}
		return found
	case *localdialv1.RouteInboundCallRequest:
		return missingField(request, "call_id")
	default:
		// ReportInboundCallOutcome has a call_id too, which must not be new.
		return missingField(request, "request_id")
	}
}

func missingField(request proto.Message, name protoreflect.Name) []missingID {
	message := request.ProtoReflect()
	field := message.Descriptor().Fields().ByName(name)
	if field == nil || field.Kind() != protoreflect.StringKind || field.IsList() || message.Get(field).String() != "" {
		return nil
	}
	return []missingID{{message, field}}
}
