package localdial

import (
	"context"
	"math/rand/v2"
	"time"

	"google.golang.org/grpc/codes"
)

const (
	// maxOverloadAttempts is that of the service config, whose retries cannot tell an overload from other errors with the
	// code ResourceExhausted, such as the limits on purchases: repeating those does not help.
	maxOverloadAttempts = 5

	firstOverloadPause = 100 * time.Millisecond
)

// pauseAfterOverload returns how long to wait before a call is repeated that failed at its attempt-th attempt. It returns
// false if the call failed for another reason than an overload of the server, or has no time left. An overloaded server
// did nothing, so any method may be repeated.
func pauseAfterOverload(ctx context.Context, failure *Error, attempt int) (time.Duration, bool) {
	if failure.Code != codes.ResourceExhausted || failure.Reason != "OVERLOADED" || attempt >= maxOverloadAttempts {
		return 0, false
	}
	pause := firstOverloadPause << (attempt - 1)
	if failure.RetryDelay != nil {
		pause = *failure.RetryDelay
	}
	deadline, has := ctx.Deadline()
	if has && time.Until(deadline) <= pause {
		return 0, false
	}
	// What the server refused at once must not come back at once.
	return pause + time.Duration(rand.Int64N(int64(pause/5)+1)), true
}

// sleep waits for the pause, or until the call has ended.
func sleep(ctx context.Context, pause time.Duration) {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
