package localdial

import (
	"context"
	"errors"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"

	"github.com/localdial/localdial/clients/go/localdialv1"
)

// ErrClosed matches, with [errors.Is], the error of a call when the client was closed before or during the call.
var ErrClosed = errors.New("the client is closed")

// Client is a connection to the service. It is safe for concurrent use: make one and share it.
//
// Its methods return errors of type *[Error].
type Client struct {
	// CallRouting decides which caller ID an outbound call shows and where a call-back goes.
	CallRouting localdialv1.CallRoutingClient

	// NumberInventory lists, buys, imports and deletes local presence numbers, and maps area codes to them.
	NumberInventory localdialv1.NumberInventoryClient

	// Directory has the organizations and their users.
	Directory localdialv1.DirectoryClient

	// Administration has the API keys of the server, the record of changes, its state, and who the caller is.
	Administration localdialv1.AdministrationClient

	channel *grpc.ClientConn
	close   context.CancelFunc
}

// New returns a client, which connects with the first call.
//
// The address is host:port, or another gRPC target such as dns:///localdial.internal:50051. Calls are spread over all the
// addresses that a name resolves to, and over those of [WithAddresses]. Without [WithTLS] the connection is not encrypted.
//
// The error says which setting cannot be used; it is an *[Error] with the code InvalidArgument.
func New(address string, options ...Option) (*Client, error) {
	s, err := newSettings(address, options)
	if err != nil {
		return nil, invalidSetting(err)
	}
	channel, err := newChannel(s)
	if err != nil {
		return nil, invalidSetting(err)
	}
	closed, cancel := context.WithCancel(context.Background())
	conn := newConn(channel, s, closed)
	return &Client{
		CallRouting:     localdialv1.NewCallRoutingClient(conn),
		NumberInventory: localdialv1.NewNumberInventoryClient(conn),
		Directory:       localdialv1.NewDirectoryClient(conn),
		Administration:  localdialv1.NewAdministrationClient(conn),
		channel:         channel,
		close:           cancel,
	}, nil
}

func invalidSetting(err error) *Error {
	return &Error{Code: codes.InvalidArgument, Message: err.Error(), causes: []error{err}}
}

// Close closes the connection immediately; calls in flight fail with [ErrClosed]. Closing again does nothing. It always
// returns nil.
func (c *Client) Close() error {
	c.close()
	// The only possible error is that the channel is already closed.
	_ = c.channel.Close()
	return nil
}
