package localdial

import (
	"container/list"
	"sync"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/localdial/localdial/clients/go/localdialv1"
)

// maxRevisions is how many organizations are remembered. The least recently used one is forgotten first.
const maxRevisions = 10_000

// revisions remembers the newest revision of each organization that a change by this client returned. A nil *revisions
// remembers nothing.
type revisions struct {
	limit int

	mu             sync.Mutex
	byOrganization map[string]*list.Element
	// recent has elements of type remembered, the most recently used first.
	recent *list.List
}

type remembered struct {
	organization string
	revision     int64
}

func newRevisions(limit int) *revisions {
	return &revisions{limit: limit, byOrganization: map[string]*list.Element{}, recent: list.New()}
}

// leg is a call to decide or to explain.
type leg interface {
	proto.Message
	GetOrganizationId() string
	GetMinRevision() int64
}

// withMinRevision returns the request with min_revision set on each leg that has none. sent is the request with
// its identifiers; it is changed in place only if it is already a copy of the caller's request.
func (r *revisions) withMinRevision(sent, callers proto.Message) proto.Message {
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
		setMinRevision(legs[index], revision)
	}
	return sent
}

// learn remembers the revision that a change returned, and forgets those that legs of a batch did not reach. sent is the
// request as it was sent.
func (r *revisions) learn(method string, sent, response proto.Message) {
	if r == nil {
		return
	}
	if batch, is := response.(*localdialv1.BatchResolveOutboundCallerIdsResponse); is {
		legs := legsOf(sent)
		for index, result := range batch.GetResults() {
			if status := result.GetStatus(); status != nil && index < len(legs) {
				r.learnFailure(legs[index], FromStatus(status))
			}
		}
		return
	}
	// In CallRouting, the revision is the one that the decision is based on.
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

// learnFailure forgets a revision that the organization no longer has because its database was restored. Otherwise every
// resolve would fail until there had been as many changes again.
func (r *revisions) learnFailure(sent proto.Message, err error) {
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
		// Concurrent calls may return in any order.
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

// forget forgets an organization that has not reached the revision. If that is newer than the remembered one, the caller
// asked for it, and the remembered one may still be right.
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

// legsOf returns the legs in a request.
func legsOf(request proto.Message) []leg {
	switch request := request.(type) {
	case *localdialv1.ResolveOutboundCallerIdRequest:
		return []leg{request}
	case *localdialv1.ExplainOutboundCallerIdRequest:
		return []leg{request}
	case *localdialv1.BatchResolveOutboundCallerIdsRequest:
		legs := make([]leg, len(request.GetRequests()))
		for index, each := range request.GetRequests() {
			legs[index] = each
		}
		return legs
	default:
		return nil
	}
}

func setMinRevision(each leg, revision int64) {
	switch each := each.(type) {
	case *localdialv1.ResolveOutboundCallerIdRequest:
		each.MinRevision = revision
	case *localdialv1.ExplainOutboundCallerIdRequest:
		each.MinRevision = revision
	}
}

// organizationOf returns the organization that a request changes: its own organization_id, or that of the resource that it
// sets.
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
