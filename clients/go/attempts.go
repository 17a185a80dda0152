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

// attempts has the attempts of one call. gRPC's error does not say how many there were, nor, of a call that ran out of
// time, why they failed.
type attempts struct {
	// addresses are those of the client, for errors that name none.
	addresses string
	mutex     sync.Mutex
	count     int
	// lastFailure is what the last attempt that failed said.
	lastFailure string
}

type attemptsKey struct{}

// withAttempts returns a context whose attempts are recorded.
func withAttempts(ctx context.Context, addresses string) (context.Context, *attempts) {
	made := &attempts{addresses: addresses}
	return context.WithValue(ctx, attemptsKey{}, made), made
}

// explain adds to the message of a call that no server answered why, at which address, and how often it was tried.
func (a *attempts) explain(failure *Error) {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	if failure.Reason != "" {
		return
	}
	tried := "1 attempt"
	if a.count != 1 {
		tried = fmt.Sprintf("%d attempts", a.count)
	}
	switch {
	case failure.Code == codes.DeadlineExceeded:
		why := a.lastFailure
		if a.count == 0 {
			// The name of the server was not resolved yet, or the deadline had passed before the call.
			why = "not sent to " + a.addresses
		} else if why == "" {
			why = "no response from " + a.addresses
		}
		failure.Message = fmt.Sprintf("%s; %s, %s", failure.Message, why, tried)
	case failure.Code == codes.Unavailable && a.count > 0:
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
	// gRPC also begins attempts that it never makes, so only those that end are counted.
	ended, is := event.(*stats.End)
	if !is {
		return
	}
	made.count++
	switch failed := status.Convert(ended.Error); failed.Code() {
	case codes.Unavailable, codes.Canceled:
		made.lastFailure = made.located(failed.Message())
	}
}

func (attemptRecorder) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }

func (attemptRecorder) HandleConn(context.Context, stats.ConnStats) {}
