package main

import (
	"context"
	"sync"
	"time"

	localdial "github.com/localdial/localdial/clients/go"
	"github.com/localdial/localdial/clients/go/localdialv1"
)

const (
	maxRate     = 100_000
	maxLegs     = 500 // what one call may ask for
	maxInFlight = 1_000
)

// plan is how fast a list is dialed.
type plan struct {
	// rate is how many legs are dialed per second.
	rate float64
	// legs are dialed in parallel, in one call.
	legs int
	// inFlight is how many calls may be open at once.
	inFlight int
	timeout  time.Duration
}

// batch is what became of one call.
type batch struct {
	legs []leg
	// results are in the order of the legs; none where the call failed as a whole.
	results []*localdialv1.BatchResolveOutboundCallerIdsResult
	err     error
	// took is the time since the call was due, which is earlier than when it was made if the calls before it were
	// slow: an agent waits for both.
	took time.Duration
}

// dial dials the list, and answers how long that took. It hands each batch to done, one at a time, as soon as it is
// decided. When the context ends it dials no further; calls that were made are waited for.
func dial(
	ctx context.Context, routing localdialv1.CallRoutingClient, organization string, legs []leg, p plan,
	done func(batch),
) time.Duration {
	// What was asked is recorded, and so its answer is wanted.
	answered := context.WithoutCancel(ctx)
	slots := make(chan struct{}, p.inFlight)
	var all sync.WaitGroup
	var one sync.Mutex
	start := time.Now()
	for first := 0; first < len(legs); first += p.legs {
		due := start.Add(time.Duration(float64(first) / p.rate * float64(time.Second)))
		if !wait(ctx, due, slots) {
			break
		}
		dialed := legs[first:min(first+p.legs, len(legs))]
		all.Go(func() {
			defer func() { <-slots }()
			decided := batch{legs: dialed}
			response, err := routing.BatchResolveOutboundCallerIds(
				answered, requestOf(organization, dialed), localdial.Timeout(p.timeout),
			)
			decided.results, decided.err, decided.took = response.GetResults(), err, time.Since(due)
			one.Lock()
			defer one.Unlock()
			done(decided)
		})
	}
	all.Wait()
	return time.Since(start)
}

// wait waits until a batch is due and there is a slot for it. It is false when the context has ended.
func wait(ctx context.Context, due time.Time, slots chan<- struct{}) bool {
	timer := time.NewTimer(time.Until(due))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
	}
	select {
	case <-ctx.Done():
		return false
	case slots <- struct{}{}:
		// Where both are ready one is chosen at random.
		return ctx.Err() == nil
	}
}

func requestOf(organization string, legs []leg) *localdialv1.BatchResolveOutboundCallerIdsRequest {
	request := &localdialv1.BatchResolveOutboundCallerIdsRequest{}
	for _, each := range legs {
		request.Requests = append(request.Requests, &localdialv1.ResolveOutboundCallerIdRequest{
			OrganizationId: organization, UserId: each.user, CalleeNumber: each.callee,
		})
	}
	return request
}
