package localdial

import (
	"context"
	"errors"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
)

// conn is the connection that the generated clients use. Everything that this package adds to a call is added here, so
// that it applies to every method of the contract.
type conn struct {
	channel        *grpc.ClientConn
	addresses      string
	closed         context.Context
	timeout        time.Duration
	carrierTimeout time.Duration
	revisions      *revisions
}

func newConn(channel *grpc.ClientConn, s *settings, closed context.Context) *conn {
	c := &conn{
		channel:        channel,
		addresses:      strings.Join(s.addresses, ", "),
		closed:         closed,
		timeout:        s.timeout,
		carrierTimeout: s.carrierTimeout,
	}
	if s.readYourWrites {
		c.revisions = newRevisions(maxRevisions)
	}
	return c
}

// Invoke makes a call, which gRPC retries if that is safe, and which is repeated here if the server is overloaded.
func (c *conn) Invoke(ctx context.Context, method string, args, reply any, options ...grpc.CallOption) error {
	request, isMessage := args.(proto.Message)
	response, answersMessage := reply.(proto.Message)
	if !isMessage || !answersMessage {
		return c.channel.Invoke(ctx, method, args, reply, options...)
	}
	sent := c.revisions.withMinRevision(WithIDs(request), request)
	ctx, cancel := c.withDeadline(ctx, method, options)
	defer cancel()
	ctx, made := withAttempts(ctx, c.addresses)

	for attempt := 1; ; attempt++ {
		err := c.channel.Invoke(ctx, method, sent, reply, options...)
		if err == nil {
			c.revisions.learn(method, sent, response)
			return nil
		}
		failure := fromCall(ctx, err, sent)
		if pause, again := pauseAfterOverload(ctx, failure, attempt); again {
			sleep(ctx, pause)
			continue
		}
		if failure.Code == codes.Canceled && c.closed.Err() != nil && !errors.Is(failure, context.Canceled) {
			return closedError(err, sent)
		}
		made.explain(failure)
		c.revisions.learnFailure(sent, failure)
		return failure
	}
}

// NewStream completes the interface; the contract has no streams.
func (c *conn) NewStream(
	ctx context.Context, description *grpc.StreamDesc, method string, options ...grpc.CallOption,
) (grpc.ClientStream, error) {
	return c.channel.NewStream(ctx, description, method, options...)
}

// withDeadline returns a context with the deadline of the call, which is canceled when the client is closed. Without that,
// gRPC would let a call that waits for its next retry wait on.
func (c *conn) withDeadline(
	ctx context.Context, method string, options []grpc.CallOption,
) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(c.closed, func() { cancel(ErrClosed) })
	timeout, given := timeoutOf(options)
	if !given {
		if _, has := ctx.Deadline(); has {
			return ctx, func() { stop(); cancel(nil) }
		}
		timeout = c.timeout
		if waitsForCarrier(method) {
			timeout = c.carrierTimeout
		}
	}
	ctx, stopTimer := context.WithTimeout(ctx, timeout)
	return ctx, func() { stop(); stopTimer(); cancel(nil) }
}

func timeoutOf(options []grpc.CallOption) (timeout time.Duration, given bool) {
	for _, option := range options {
		if own, is := option.(timeoutOption); is {
			timeout, given = own.timeout, true
		}
	}
	return timeout, given
}
