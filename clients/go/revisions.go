package localdial

import (
	"container/list"
	"sync"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/localdial/localdial/clients/go/localdialv1"
)

// maxRevisions is how many organizations are remembered; those not seen for longest are forgotten first.
const maxRevisions = 10_000

// revisions remembers the newest revision of each organization that a change of this client was answered with. A nil
// one remembers nothing.
type revisions struct {
	limit int

	mu             sync.Mutex
	byOrganization map[string]*list.Element
	// Those used last are in front. The values are of type remembered.
	recent *list.List
}

type remembered struct {
	organization string
	revision     int64
}

func newRevisions(limit int) *revisions {
	return &revisions{limit: limit, byOrganization: map[string]*list.Element{}, recent: list.New()}
}

// carry sets min_revision in each call to resolve that does not say one. It may write into sent, the request with its
// identifiers, only where that is a copy of the caller's own.
func (r *revisions) carry(sent, callers proto.Message) proto.Message {
	if r == nil {
		return sent
	}
	legs := legsOf(sent)
	var known map[int]int64
	for index, leg := range legs {
		if leg.GetMinRevision() != 0 {
			continue
		}
		if revision := r.get(leg.GetOrganizationId()); revision != 0 {
			if known == nil {
				known = make(map[int]int64, len(legs))
			}
			known[index] = revision
		}
	}
	if len(known) == 0 {
		return sent
	}
	if sent == callers {
		sent = copyOf(sent)
		legs = legsOf(sent)
	}
	for index, revision := range known {
		legs[index].MinRevision = revision
	}
	return sent
}

// answered remembers the revision that a change was answered with, and forgets those that legs of a batch did not
// reach. The request is the one that was sent.
func (r *revisions) answered(method string, sent, response proto.Message) {
	if r == nil {
		return
	}
	if batch, is := response.(*localdialv1.BatchResolveOutboundCallerIdsResponse); is {
		legs := legsOf(sent)
		for index, result := range batch.GetResults() {
			if status := result.GetStatus(); status != nil && index < len(legs) {
				r.failed(legs[index], FromStatus(status))
			}
		}
		return
	}
	// In the answers of CallRouting it is the revision that was decided on.
	if nameOf(method).Parent() == callRouting {
		return
	}
	message := response.ProtoReflect()
	field := message.Descriptor().Fields().ByName("revision")
	if field == nil || field.Kind() != protoreflect.Int64Kind {
		return
	}
	if organization := organizationOf(sent.ProtoReflect()); organization != "" {
		r.remember(organization, message.Get(field).Int())
	}
}

// failed forgets what an organization did not reach: its database was restored to before the change, and no call would
// be answered any more until there are as many changes again.
func (r *revisions) failed(sent proto.Message, err error) {
	if r == nil || !HasReason(err, localdialv1.ErrorReason_ERROR_REASON_REVISION_NOT_REACHED) {
		return
	}
	for _, leg := range legsOf(sent) {
		r.forget(leg.GetOrganizationId(), leg.GetMinRevision())
	}
}

func (r *revisions) get(organization string) int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	element, found := r.byOrganization[organization]
	if !found {
		return 0
	}
	r.recent.MoveToFront(element)
	return element.Value.(remembered).revision
}

func (r *revisions) remember(organization string, revision int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if element, found := r.byOrganization[organization]; found {
		r.recent.MoveToFront(element)
		// Answers may overtake each other.
		if revision > element.Value.(remembered).revision {
			element.Value = remembered{organization, revision}
		}
		return
	}
	r.byOrganization[organization] = r.recent.PushFront(remembered{organization, revision})
	if r.recent.Len() > r.limit {
		r.remove(r.recent.Back())
	}
}

// forget forgets an organization that has not reached the revision. Where it is newer than what is remembered, the caller
// asked for it, and it says nothing of what is remembered.
func (r *revisions) forget(organization string, revision int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if element, found := r.byOrganization[organization]; found && element.Value.(remembered).revision >= revision {
		r.remove(element)
	}
}

func (r *revisions) remove(element *list.Element) {
	delete(r.byOrganization, r.recent.Remove(element).(remembered).organization)
}

// legsOf answers the calls to resolve that a request is made of.
func legsOf(request proto.Message) []*localdialv1.ResolveOutboundCallerIdRequest {
	switch request := request.(type) {
	case *localdialv1.ResolveOutboundCallerIdRequest:
		return []*localdialv1.ResolveOutboundCallerIdRequest{request}
	case *localdialv1.BatchResolveOutboundCallerIdsRequest:
		return request.GetRequests()
	default:
		return nil
	}
}

// organizationOf finds the organization that a request changes: its own organization_id, or that of the resource that
// it sets.
func organizationOf(request protoreflect.Message) string {
	fields := request.Descriptor().Fields()
	if field := fields.ByName("organization_id"); field != nil && field.Kind() == protoreflect.StringKind {
		return request.Get(field).String()
	}
	for index := range fields.Len() {
		field := fields.Get(index)
		if field.Kind() != protoreflect.MessageKind || field.IsList() || field.IsMap() {
			continue
		}
		resource := request.Get(field).Message()
		if id := resource.Descriptor().Fields().ByName("organization_id"); id != nil {
			return resource.Get(id).String()
		}
	}
	return ""
}
