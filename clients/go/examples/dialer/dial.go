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
	maxLegs     = 500 // the limit of the contract
	maxInFlight = 1_000
)

// plan is how fast a list is dialed.
type plan struct {
	// rate is how many legs are dialed per second.
	rate float64
	// legs is how many legs are resolved together, in one call to localdial.
	legs int
	// inFlight is how many calls may be open at once.
	inFlight int
	timeout  time.Duration
}

// batch is the outcome of one call to localdial.
type batch struct {
	legs []leg
	// results has one result for each leg, in order; it is empty if the whole call failed.
	results []*localdialv1.BatchResolveOutboundCallerIdsResult
	err     error
	// took is the time since the call was due. If earlier calls were slow, it was made later than that, and an agent
	// waits for both.
	took time.Duration
}

// dial dials the list and returns how long that took. It passes each batch to done, one at a time, as soon as it is
// decided. When the context ends, it stops dialing and waits for the calls that it made.
func dial(
	ctx context.Context, routing localdialv1.CallRoutingClient, organization string, legs []leg, p plan,
	done func(batch),
) time.Duration {
	// The server records every call that was made, so its response is still needed after an interrupt.
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

// wait waits until a batch is due and a slot is free, and reports whether the context is still valid.
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
		// If both are ready, select chooses at random.
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
