package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	localdial "github.com/localdial/localdial/clients/go"
)

type instruction struct {
	Op                string
	Client            string
	Addresses         []string
	Key               *string
	TLS               bool
	RootCertificate   string   `json:"root_certificate"`
	ClientCertificate string   `json:"client_certificate"`
	ClientKey         string   `json:"client_key"`
	TimeoutMS         *float64 `json:"timeout_ms"`
	CarrierTimeoutMS  *float64 `json:"carrier_timeout_ms"`
	ReadYourWrites    *bool    `json:"read_your_writes"`
	Method            string
	Request           json.RawMessage
	Path              string
	AfterMS           float64 `json:"after_ms"`
	Concurrency       int
	Seconds           float64
}

type answer map[string]any

// connections has the open clients by their names.
type connections map[string]*localdial.Client

func (c connections) run(command instruction) (answer, error) {
	switch command.Op {
	case "connect":
		return c.connect(command)
	case "close":
		c.close(command.Client)
		return answer{"ok": true}, nil
	}
	operation, found := map[string]func(*localdial.Client, instruction) (answer, error){
		"call": call, "pages": pages, "statuses": statuses, "cancel": cancel, "load": load, "methods": methods,
	}[command.Op]
	if !found {
		return answer{"unsupported": command.Op}, nil
	}
	client, found := c[command.Client]
	if !found {
		return nil, fmt.Errorf("there is no client %q", command.Client)
	}
	result, err := operation(client, command)
	if failure, is := errors.AsType[*localdial.Error](err); is {
		return answer{"error": errorObject(failure)}, nil
	}
	return result, err
}

func (c connections) connect(command instruction) (answer, error) {
	c.close(command.Client)
	options, err := optionsOf(command)
	if err != nil {
		return nil, err
	}
	client, err := localdial.New(command.Addresses[0], options...)
	if failure, is := errors.AsType[*localdial.Error](err); is {
		return answer{"error": errorObject(failure)}, nil
	}
	if err != nil {
		return nil, err
	}
	c[command.Client] = client
	return answer{"ok": true}, nil
}

func optionsOf(command instruction) ([]localdial.Option, error) {
	options := []localdial.Option{localdial.WithAddresses(command.Addresses[1:]...)}
	if command.Key != nil {
		options = append(options, localdial.WithKey(*command.Key))
	}
	if command.TLS {
		options = append(options, localdial.WithTLS())
	}
	if command.RootCertificate != "" {
		pem, err := os.ReadFile(command.RootCertificate)
		if err != nil {
			return nil, err
		}
		options = append(options, localdial.WithRootCertificates(pem))
	}
	if command.ClientCertificate != "" || command.ClientKey != "" {
		var pems [2][]byte
		for index, path := range []string{command.ClientCertificate, command.ClientKey} {
			if path == "" {
				continue
			}
			pem, err := os.ReadFile(path)
			if err != nil {
				return nil, err
			}
			pems[index] = pem
		}
		options = append(options, localdial.WithClientCertificate(pems[0], pems[1]))
	}
	if command.TimeoutMS != nil {
		options = append(options, localdial.WithTimeout(milliseconds(*command.TimeoutMS)))
	}
	if command.CarrierTimeoutMS != nil {
		options = append(options, localdial.WithCarrierTimeout(milliseconds(*command.CarrierTimeoutMS)))
	}
	if command.ReadYourWrites != nil && !*command.ReadYourWrites {
		options = append(options, localdial.WithoutReadYourWrites())
	}
	return options, nil
}

func (c connections) close(name string) {
	if client, found := c[name]; found {
		_ = client.Close()
		delete(c, name)
	}
}

func (c connections) closeAll() {
	for name := range c {
		c.close(name)
	}
}

func milliseconds(number float64) time.Duration {
	return time.Duration(number * float64(time.Millisecond))
}

// contextOf returns a context with the deadline of the command, if it has one.
func contextOf(command instruction) (context.Context, context.CancelFunc) {
	if command.TimeoutMS == nil {
		return context.WithCancel(context.Background())
	}
	return context.WithTimeout(context.Background(), milliseconds(*command.TimeoutMS))
}

func encoded(message proto.Message) (string, error) {
	bytes, err := proto.MarshalOptions{Deterministic: true}.Marshal(message)
	return base64.StdEncoding.EncodeToString(bytes), err
}

func decodeRequest(command instruction, request proto.Message) error {
	if len(command.Request) == 0 {
		return nil
	}
	return protojson.Unmarshal(command.Request, request)
}

func errorObject(failure *localdial.Error) answer {
	violations := []answer{}
	for _, each := range failure.Violations {
		violations = append(violations, answer{"field": each.Field, "description": each.Description})
	}
	metadata := failure.Metadata
	if metadata == nil {
		metadata = map[string]string{}
	}
	var delay any
	if failure.RetryDelay != nil {
		delay = float64(*failure.RetryDelay) / float64(time.Millisecond)
	}
	return answer{
		"type": "Error", "code": code.Code(failure.Code).String(), "reason": failure.Reason,
		"message": failure.Message, "metadata": metadata, "violations": violations, "retry_delay_ms": delay,
	}
}
