// Package fakeserver is a gRPC server on loopback that serves every method of the contract with scripted answers.
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

// Patience is the longest time that a call may hang. No test takes this long; it ends one that would hang.
const Patience = 10 * time.Second

// Received is a call as the server received it.
type Received struct {
	// Method is the path of the method, such as /localdial.v1.Directory/GetUser.
	Method   string
	Request  proto.Message
	Metadata metadata.MD
	// Left is the time until the deadline, or 0 without one.
	Left time.Duration
}

// Answer returns the response to a call, or nil for an empty message.
type Answer func(context.Context) (proto.Message, error)

// Server records every call and gives it the next answer, or an empty message if none is left.
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

// Serve starts a server that accepts the connections of the listener.
func Serve(listener net.Listener, options ...grpc.ServerOption) *Server {
	s := &Server{Address: listener.Addr().String(), served: make(chan struct{})}
	options = append(options, grpc.UnknownServiceHandler(s.handle), grpc.MaxRecvMsgSize(16*1024*1024))
	s.server = grpc.NewServer(options...)
	go func() {
		defer close(s.served)
		// The error only says that the server was stopped.
		_ = s.server.Serve(listener)
	}()
	return s
}

// Stop stops the server immediately and waits for it. Stopping again does nothing.
func (s *Server) Stop() {
	s.server.Stop()
	<-s.served
}

// Answers appends answers for the next calls.
func (s *Server) Answers(answers ...Answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers = append(s.answers, answers...)
}

// Always sets the answer to calls when Answers has none left; nil means an empty message.
func (s *Server) Always(answer Answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.always = answer
}

// Received returns the calls so far.
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

// Empty is the answer with an empty message.
func Empty(context.Context) (proto.Message, error) { return nil, nil }

// Says returns the answer with a message.
func Says(message proto.Message) Answer {
	return func(context.Context) (proto.Message, error) { return message, nil }
}

// Fails returns the answer with a status and its details.
func Fails(code codes.Code, message string, details ...protoadapt.MessageV1) Answer {
	failure, err := status.New(code, message).WithDetails(details...)
	if err != nil {
		panic(err)
	}
	return func(context.Context) (proto.Message, error) { return nil, failure.Err() }
}

// Hang is an answer that never comes: it waits until the caller gives up or the server is stopped.
type Hang struct {
	// Started is closed when the call arrives, Ended when it is over.
	Started, Ended chan struct{}
}

// NewHang returns a Hang for one call.
func NewHang() *Hang {
	return &Hang{Started: make(chan struct{}), Ended: make(chan struct{})}
}

// Answer is the [Answer] that hangs.
func (h *Hang) Answer(ctx context.Context) (proto.Message, error) {
	close(h.Started)
	defer close(h.Ended)
	select {
	case <-ctx.Done():
		return nil, status.FromContextError(ctx.Err()).Err()
	case <-time.After(Patience):
		return nil, status.Error(codes.Internal, "the caller did not give up waiting")
	}
}
