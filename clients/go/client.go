package localdial

import (
	"context"
	"errors"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"

	"github.com/localdial/localdial/clients/go/localdialv1"
)

// ErrClosed is what the error of a call is, for [errors.Is], when the client was closed before or during the call.
var ErrClosed = errors.New("the client is closed")

// Client is a connection to the service. It is safe for use by many goroutines: make one and share it.
//
// Its methods return errors that are an [Error].
type Client struct {
	// CallRouting decides which caller ID an outbound call shows and where a call-back goes.
	CallRouting localdialv1.CallRoutingClient

	// NumberInventory is the local presence numbers: list, buy, import and delete them, and map area codes to them.
	NumberInventory localdialv1.NumberInventoryClient

	// Directory is the organizations and their users.
	Directory localdialv1.DirectoryClient

	channel *grpc.ClientConn
	close   context.CancelFunc
}

// New prepares a client; nothing is connected before the first call.
//
// The address is host:port, or another target of gRPC such as dns:///localdial.internal:50051. Where a name has several
// addresses the calls are spread over them, as over those of [WithAddresses]. Without [WithTLS] the connection is not
// encrypted.
//
// The error tells which setting cannot be used; it is an [Error] with the code InvalidArgument.
func New(address string, options ...Option) (*Client, error) {
	s, err := newSettings(address, options)
	if err != nil {
		return nil, refused(err)
	}
	channel, err := newChannel(s)
	if err != nil {
		return nil, refused(err)
	}
	closed, cancel := context.WithCancel(context.Background())
	conn := newConn(channel, s, closed)
	return &Client{
		CallRouting:     localdialv1.NewCallRoutingClient(conn),
		NumberInventory: localdialv1.NewNumberInventoryClient(conn),
		Directory:       localdialv1.NewDirectoryClient(conn),
		channel:         channel,
		close:           cancel,
	}, nil
}

func refused(err error) *Error {
	return &Error{Code: codes.InvalidArgument, Message: err.Error(), causes: []error{err}}
}

// Close closes the connection at once; calls in flight fail with [ErrClosed]. It may be called again, and always
// returns nil.
func (c *Client) Close() error {
	c.close()
	// Its only error is that it is closed already.
	_ = c.channel.Close()
	return nil
}
