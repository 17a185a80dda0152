// Package fakeserver is a gRPC server on loopback that serves every method of the contract and answers as it is told.
package fakeserver

import (
	"context"
	"net"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

// Patience is how long a call is left to hang at most: nothing takes this long, and it ends a test that would.
const Patience = 10 * time.Second

// Received is a call as it came to the server.
type Received struct {
	// Method is such as /localdial.v1.Directory/GetUser.
	Method   string
	Request  proto.Message
	Metadata metadata.MD
	// Left is the time until the deadline, 0 without one.
	Left time.Duration
}

// Answer is what a call is answered; nil for an empty message.
type Answer func(context.Context) (proto.Message, error)

// Server records every call and gives it the next answer; an empty message when there is none left.
type Server struct {
	Address string

	server *grpc.Server
	served chan struct{}

	mu       sync.Mutex
	received []Received
	answers  []Answer
	always   Answer
}

// Start starts a server on a free port.
func Start(options ...grpc.ServerOption) *Server {
	return StartAt("127.0.0.1:0", options...)
}

// StartAt starts a server at an address.
func StartAt(address string, options ...grpc.ServerOption) *Server {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		panic(err)
	}
	return Serve(listener, options...)
}

// Serve starts a server that takes the connections of the listener.
func Serve(listener net.Listener, options ...grpc.ServerOption) *Server {
	s := &Server{Address: listener.Addr().String(), served: make(chan struct{})}
	options = append(options, grpc.UnknownServiceHandler(s.handle), grpc.MaxRecvMsgSize(16*1024*1024))
	s.server = grpc.NewServer(options...)
	go func() {
		defer close(s.served)
		// What it returns tells only that it was stopped.
		_ = s.server.Serve(listener)
	}()
	return s
}

// Stop stops the server at once, and waits for it. It may be called again.
func (s *Server) Stop() {
	s.server.Stop()
	<-s.served
}

// Answers appends to what the next calls are answered.
func (s *Server) Answers(answers ...Answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers = append(s.answers, answers...)
}

// Always is what calls are answered for which Answers holds nothing; nil for an empty message.
func (s *Server) Always(answer Answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.always = answer
}

// Received answers the calls so far.
func (s *Server) Received() []Received {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Received(nil), s.received...)
}

// Forget forgets the calls so far.
func (s *Server) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.received = nil
}

func (s *Server) handle(_ any, stream grpc.ServerStream) error {
	path, _ := grpc.MethodFromServerStream(stream)
	input, output, found := types(path)
	if !found {
		return status.Error(codes.Unimplemented, path)
	}
	request := input.New().Interface()
	if err := stream.RecvMsg(request); err != nil {
		return err
	}
	response, err := s.record(stream.Context(), path, request)(stream.Context())
	if err != nil {
		return err
	}
	if response == nil {
		response = output.New().Interface()
	}
	return stream.SendMsg(response)
}

func (s *Server) record(ctx context.Context, path string, request proto.Message) Answer {
	call := Received{Method: path, Request: request}
	call.Metadata, _ = metadata.FromIncomingContext(ctx)
	if deadline, has := ctx.Deadline(); has {
		call.Left = time.Until(deadline)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.received = append(s.received, call)
	answer := s.always
	if len(s.answers) > 0 {
		answer, s.answers = s.answers[0], s.answers[1:]
	}
	if answer == nil {
		answer = Empty
	}
	return answer
}

func types(path string) (input, output protoreflect.MessageType, found bool) {
	name := protoreflect.FullName(strings.ReplaceAll(strings.TrimPrefix(path, "/"), "/", "."))
	descriptor, err := protoregistry.GlobalFiles.FindDescriptorByName(name)
	method, is := descriptor.(protoreflect.MethodDescriptor)
	if err != nil || !is {
		return nil, nil, false
	}
	input, inputErr := protoregistry.GlobalTypes.FindMessageByName(method.Input().FullName())
	output, outputErr := protoregistry.GlobalTypes.FindMessageByName(method.Output().FullName())
	return input, output, inputErr == nil && outputErr == nil
}

// Empty answers an empty message.
func Empty(context.Context) (proto.Message, error) { return nil, nil }

// Says answers a message.
func Says(message proto.Message) Answer {
	return func(context.Context) (proto.Message, error) { return message, nil }
}

// Fails ends the call with a status and its details.
func Fails(code codes.Code, message string, details ...protoadapt.MessageV1) Answer {
	failure, err := status.New(code, message).WithDetails(details...)
	if err != nil {
		panic(err)
	}
	return func(context.Context) (proto.Message, error) { return nil, failure.Err() }
}

// Hang is an answer that does not come until the caller gives up, or the server is stopped.
type Hang struct {
	// Started is closed when the call has come, Ended when it is over.
	Started, Ended chan struct{}
}

// NewHang makes one, for one call.
func NewHang() *Hang {
	return &Hang{Started: make(chan struct{}), Ended: make(chan struct{})}
}

// Answer is the answer.
func (h *Hang) Answer(ctx context.Context) (proto.Message, error) {
	close(h.Started)
	defer close(h.Ended)
	select {
	case <-ctx.Done():
		return nil, status.FromContextError(ctx.Err()).Err()
	case <-time.After(Patience):
		return nil, status.Error(codes.Internal, "nobody gave up waiting")
	}
}
