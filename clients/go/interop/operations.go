package main

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"time"

	"google.golang.org/genproto/googleapis/rpc/code"
	statuspb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	localdial "github.com/localdial/localdial/clients/go"
	"github.com/localdial/localdial/clients/go/localdialv1"
)

// methodOf returns the client's method for localdial.v1.Service/Method, or an invalid value if there is none.
func methodOf(client *localdial.Client, name string) reflect.Value {
	service, method, _ := strings.Cut(name[strings.LastIndexByte(name, '.')+1:], "/")
	field := reflect.ValueOf(client).Elem().FieldByName(service)
	if !field.IsValid() {
		return field
	}
	return field.MethodByName(method)
}

// invoke makes one call, with a newly decoded request.
func invoke(ctx context.Context, client *localdial.Client, command instruction) (proto.Message, error) {
	method := methodOf(client, command.Method)
	if !method.IsValid() {
		return nil, fmt.Errorf("the client has no method %s", command.Method)
	}
	request := reflect.New(method.Type().In(1).Elem())
	if err := decodeRequest(command, request.Interface().(proto.Message)); err != nil {
		return nil, err
	}
	answers := method.Call([]reflect.Value{reflect.ValueOf(ctx), request})
	if err, failed := answers[1].Interface().(error); failed {
		return nil, err
	}
	return answers[0].Interface().(proto.Message), nil
}

func call(client *localdial.Client, command instruction) (answer, error) {
	ctx, cancel := contextOf(command)
	defer cancel()
	response, err := invoke(ctx, client, command)
	if err != nil {
		return nil, err
	}
	text, err := encoded(response)
	return answer{"response": text}, err
}

// pagers has a function for each list that fetches all its pages. Reflection cannot find generic functions by name.
var pagers = map[string]func(context.Context, *localdial.Client, instruction) ([]proto.Message, error){
	"localdial.v1.CallRouting/ListOutboundCalls": pager(
		func(c *localdial.Client) localdial.ListMethod[*localdialv1.ListOutboundCallsRequest, *localdialv1.ListOutboundCallsResponse] {
			return c.CallRouting.ListOutboundCalls
		}),
	"localdial.v1.CallRouting/ListInboundCalls": pager(
		func(c *localdial.Client) localdial.ListMethod[*localdialv1.ListInboundCallsRequest, *localdialv1.ListInboundCallsResponse] {
			return c.CallRouting.ListInboundCalls
		}),
	"localdial.v1.NumberInventory/ListNumbers": pager(
		func(c *localdial.Client) localdial.ListMethod[*localdialv1.ListNumbersRequest, *localdialv1.ListNumbersResponse] {
			return c.NumberInventory.ListNumbers
		}),
	"localdial.v1.NumberInventory/ListImportableNumbers": pager(
		func(c *localdial.Client) localdial.ListMethod[*localdialv1.ListImportableNumbersRequest, *localdialv1.ListImportableNumbersResponse] {
			return c.NumberInventory.ListImportableNumbers
		}),
	"localdial.v1.Directory/ListOrganizations": pager(
		func(c *localdial.Client) localdial.ListMethod[*localdialv1.ListOrganizationsRequest, *localdialv1.ListOrganizationsResponse] {
			return c.Directory.ListOrganizations
		}),
	"localdial.v1.Directory/ListUsers": pager(
		func(c *localdial.Client) localdial.ListMethod[*localdialv1.ListUsersRequest, *localdialv1.ListUsersResponse] {
			return c.Directory.ListUsers
		}),
	"localdial.v1.Administration/ListApiKeys": pager(
		func(c *localdial.Client) localdial.ListMethod[*localdialv1.ListApiKeysRequest, *localdialv1.ListApiKeysResponse] {
			return c.Administration.ListApiKeys
		}),
	"localdial.v1.Administration/ListAuditEvents": pager(
		func(c *localdial.Client) localdial.ListMethod[*localdialv1.ListAuditEventsRequest, *localdialv1.ListAuditEventsResponse] {
			return c.Administration.ListAuditEvents
		}),
}

func pager[Request localdial.PagedRequest, Response localdial.PagedResponse](
	method func(*localdial.Client) localdial.ListMethod[Request, Response],
) func(context.Context, *localdial.Client, instruction) ([]proto.Message, error) {
	return func(ctx context.Context, client *localdial.Client, command instruction) ([]proto.Message, error) {
		var none Request
		request := none.ProtoReflect().New().Interface().(Request)
		if err := decodeRequest(command, request); err != nil {
			return nil, err
		}
		var found []proto.Message
		for page, err := range localdial.Pages(ctx, method(client), request) {
			if err != nil {
				return nil, err
			}
			found = append(found, page)
		}
		return found, nil
	}
}

func pages(client *localdial.Client, command instruction) (answer, error) {
	fetch, found := pagers[command.Method]
	if !found {
		return nil, fmt.Errorf("%s is not a list", command.Method)
	}
	ctx, cancel := contextOf(command)
	defer cancel()
	fetched, err := fetch(ctx, client, command)
	if err != nil {
		return nil, err
	}
	texts := []string{}
	for _, page := range fetched {
		text, err := encoded(page)
		if err != nil {
			return nil, err
		}
		texts = append(texts, text)
	}
	return answer{"pages": texts}, nil
}

func statuses(client *localdial.Client, command instruction) (answer, error) {
	ctx, cancel := contextOf(command)
	defer cancel()
	response, err := invoke(ctx, client, command)
	if err != nil {
		return nil, err
	}
	message := response.ProtoReflect()
	items := message.Get(message.Descriptor().Fields().ByName(protoreflect.Name(command.Path))).List()
	found := make([]any, items.Len())
	for index := range items.Len() {
		item := items.Get(index).Message().Interface().(interface{ GetStatus() *statuspb.Status })
		if failure, is := errors.AsType[*localdial.Error](localdial.FromStatus(item.GetStatus())); is {
			found[index] = errorObject(failure)
		}
	}
	text, err := encoded(response)
	return answer{"response": text, "errors": found}, err
}

func cancel(client *localdial.Client, command instruction) (answer, error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	timer := time.AfterFunc(milliseconds(command.AfterMS), cancel)
	defer timer.Stop()
	response, err := invoke(ctx, client, command)
	if err != nil {
		return nil, err
	}
	text, err := encoded(response)
	return answer{"response": text}, err
}

const samplesKept = 5

func load(client *localdial.Client, command instruction) (answer, error) {
	until := time.Now().Add(time.Duration(command.Seconds * float64(time.Second)))
	var mu sync.Mutex
	calls, failures, samples := 0, map[string]int{}, []answer{}
	var broken error
	count := func(err error) {
		mu.Lock()
		defer mu.Unlock()
		calls++
		if failure, is := errors.AsType[*localdial.Error](err); is {
			failures[code.Code(failure.Code).String()]++
			if len(samples) < samplesKept {
				samples = append(samples, errorObject(failure))
			}
		} else if err != nil {
			broken = err
		}
	}
	var all sync.WaitGroup
	for range command.Concurrency {
		all.Go(func() {
			for time.Now().Before(until) {
				_, err := invoke(context.Background(), client, command)
				count(err)
			}
		})
	}
	all.Wait()
	return answer{"calls": calls, "errors": failures, "samples": samples}, broken
}

func methods(client *localdial.Client, _ instruction) (answer, error) {
	found := []string{}
	for _, method := range contract() {
		if name := nameOf(method); methodOf(client, name).IsValid() {
			found = append(found, name)
		}
	}
	return answer{"methods": found}, nil
}

// contract returns every method of the contract.
func contract() []protoreflect.MethodDescriptor {
	var found []protoreflect.MethodDescriptor
	name := localdialv1.File_localdial_v1_errors_proto.Package()
	protoregistry.GlobalFiles.RangeFilesByPackage(name, func(file protoreflect.FileDescriptor) bool {
		for service := range file.Services().Len() {
			methods := file.Services().Get(service).Methods()
			for method := range methods.Len() {
				found = append(found, methods.Get(method))
			}
		}
		return true
	})
	return found
}

func nameOf(method protoreflect.MethodDescriptor) string {
	return string(method.Parent().FullName()) + "/" + string(method.Name())
}
