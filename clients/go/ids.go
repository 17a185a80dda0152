package localdial

import (
	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/localdial/localdial/clients/go/localdialv1"
)

// WithIDs fills in every identifier that makes a repeat of the request harmless.
//
// An empty request_id becomes a fresh UUID; so does an empty call_id of a leg to resolve, unless the leg is
// validate_only and records nothing. A server answers the same identifier with its first answer, so that a repeat
// buys, deletes and records once. Every call does this by itself; WithIDs is for callers who want to know the
// identifiers beforehand, to repeat the call on their own.
//
// It returns a copy, or the request itself where nothing is missing. The request is never changed.
func WithIDs[Request proto.Message](request Request) Request {
	if len(blanks(request)) == 0 {
		return request
	}
	filled := copyOf(request)
	for _, blank := range blanks(filled) {
		blank.message.Set(blank.field, protoreflect.ValueOfString(freshID()))
	}
	return filled
}

// copyOf copies also what stands for an empty message, nil, to one that can be written into.
func copyOf[Message proto.Message](message Message) Message {
	if !message.ProtoReflect().IsValid() {
		return message.ProtoReflect().New().Interface().(Message)
	}
	return proto.CloneOf(message)
}

// freshID is a UUID of version 7 (RFC 9562). It begins with the time, so that a database keeps the records of calls
// together in its index.
func freshID() string {
	return uuid.Must(uuid.NewV7()).String()
}

// blank is an identifier that is missing.
type blank struct {
	message protoreflect.Message
	field   protoreflect.FieldDescriptor
}

func blanks(request proto.Message) []blank {
	switch request := request.(type) {
	case *localdialv1.ResolveOutboundCallerIdRequest:
		if request.GetCallId() != "" || request.GetValidateOnly() {
			return nil
		}
		return blankField(request, "call_id")
	case *localdialv1.BatchResolveOutboundCallerIdsRequest:
		var found []blank
		for _, leg := range request.GetRequests() {
			found = append(found, blanks(leg)...)
		}
		return found
	default:
		// RouteInboundCall has a call_id too, but records nothing under it: only request_id goes by its name.
		return blankField(request, "request_id")
	}
}

func blankField(request proto.Message, name protoreflect.Name) []blank {
	message := request.ProtoReflect()
	field := message.Descriptor().Fields().ByName(name)
	if field == nil || field.Kind() != protoreflect.StringKind || field.IsList() || message.Get(field).String() != "" {
		return nil
	}
	return []blank{{message, field}}
}
