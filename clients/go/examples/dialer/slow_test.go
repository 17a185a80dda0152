package main

import (
	"context"
	"sync"
	"time"

	"google.golang.org/grpc"

	"github.com/localdial/localdial/clients/go/localdialv1"
)

// slowRouting takes 20 ms for each call, unless its context ends, and counts the open calls.
type slowRouting struct {
	localdialv1.CallRoutingClient

	mu                sync.Mutex
	open, most, calls int
}

func (s *slowRouting) BatchResolveOutboundCallerIds(
	ctx context.Context, _ *localdialv1.BatchResolveOutboundCallerIdsRequest, _ ...grpc.CallOption,
) (*localdialv1.BatchResolveOutboundCallerIdsResponse, error) {
	s.count(1)
	defer s.count(-1)
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-time.After(20 * time.Millisecond):
		return &localdialv1.BatchResolveOutboundCallerIdsResponse{}, nil
	}
}

func (s *slowRouting) count(change int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open += change
	s.most = max(s.most, s.open)
	s.calls += max(change, 0)
}
