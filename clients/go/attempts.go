package localdial

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/stats"
	"google.golang.org/grpc/status"
)

// attempts has the failed attempts of one call. gRPC's error of a call that ran out of time does not say why they failed.
type attempts struct {
	// addresses are those of the client, for errors that name none.
	addresses string
	mutex     sync.Mutex
	// failures counts the attempts that failed with Unavailable; lastFailure is what the last of them said.
	failures    int
	lastFailure string
	// answered tells whether a server answered the last attempt.
	answered bool
}

type attemptsKey struct{}

// withAttempts returns a context whose attempts are recorded.
func withAttempts(ctx context.Context, addresses string) (context.Context, *attempts) {
	made := &attempts{addresses: addresses}
	return context.WithValue(ctx, attemptsKey{}, made), made
}

// explain adds to the message of a call that no server answered why, and how often it was tried.
func (a *attempts) explain(failure *Error) {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	if a.failures == 0 {
		return
	}
	tried := "1 attempt"
	if a.failures > 1 {
		tried = fmt.Sprintf("%d attempts", a.failures)
	}
	switch {
	case failure.Code == codes.DeadlineExceeded:
		failure.Message = fmt.Sprintf("%s; %s, %s", failure.Message, a.lastFailure, tried)
	case failure.Code == codes.Unavailable && !a.answered:
		failure.Message = fmt.Sprintf("%s, %s", a.located(failure.Message), tried)
	}
}

// located returns the message with the addresses, which gRPC leaves out if a handshake failed.
func (a *attempts) located(message string) string {
	if strings.Contains(message, a.addresses) {
		return message
	}
	return a.addresses + ": " + message
}

// attemptRecorder is the stats handler that fills in the attempts of a call.
type attemptRecorder struct{}

func (attemptRecorder) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context { return ctx }

func (attemptRecorder) HandleRPC(ctx context.Context, event stats.RPCStats) {
	made, has := ctx.Value(attemptsKey{}).(*attempts)
	if !has {
		return
	}
	made.mutex.Lock()
	defer made.mutex.Unlock()
	switch event := event.(type) {
	case *stats.Begin:
		made.answered = false
	case *stats.InHeader, *stats.InTrailer:
		made.answered = true
	case *stats.End:
		if failed := status.Convert(event.Error); failed.Code() == codes.Unavailable {
			made.failures++
			made.lastFailure = failed.Message()
			if !made.answered {
				made.lastFailure = made.located(made.lastFailure)
			}
		}
	}
}

func (attemptRecorder) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }

func (attemptRecorder) HandleConn(context.Context, stats.ConnStats) {}
