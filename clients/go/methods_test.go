package localdial_test

import (
	"context"
	"reflect"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	localdial "github.com/localdial/localdial/clients/go"
	"github.com/localdial/localdial/clients/go/localdialv1"
)

var waitForTheCarrier = map[string]bool{
	"SearchAvailableNumbers": true, "PurchaseNumbers": true, "ImportNumbers": true, "DeleteNumbers": true,
	"ListImportableNumbers": true, "ReconcileNumbers": true,
}

// services returns every service of the contract, so that a new one cannot be forgotten.
func services() []protoreflect.ServiceDescriptor {
	var found []protoreflect.ServiceDescriptor
	contract := localdialv1.File_localdial_v1_errors_proto.Package()
	protoregistry.GlobalFiles.RangeFilesByPackage(contract, func(file protoreflect.FileDescriptor) bool {
		for index := range file.Services().Len() {
			found = append(found, file.Services().Get(index))
		}
		return true
	})
	return found
}

// call calls a method of the client by its name, with an empty request.
func call(t *testing.T, client *localdial.Client, service, method string) (proto.Message, error) {
	t.Helper()
	function := reflect.ValueOf(client).Elem().FieldByName(service).MethodByName(method)
	request := reflect.New(function.Type().In(1).Elem())
	answers := function.Call([]reflect.Value{reflect.ValueOf(t.Context()), request})
	err, _ := answers[1].Interface().(error)
	return answers[0].Interface().(proto.Message), err
}

func TestEveryRPCHasAMethodWithTheRightDeadline(t *testing.T) {
	server, client := serverAndClient(t)
	for _, service := range services() {
		for index := range service.Methods().Len() {
			method := service.Methods().Get(index)
			server.Forget()
			answer, err := call(t, client, string(service.Name()), string(method.Name()))
			if err != nil {
				t.Fatal(method.FullName(), err)
			}
			if answer.ProtoReflect().Descriptor() != method.Output() {
				t.Errorf("%s answers %T", method.FullName(), answer)
			}
			received := server.Received()[0]
			if received.Method != "/"+string(service.FullName())+"/"+string(method.Name()) {
				t.Errorf("%s called %s", method.FullName(), received.Method)
			}
			want := localdial.DefaultTimeout
			if waitForTheCarrier[string(method.Name())] {
				want = localdial.DefaultCarrierTimeout
			}
			if received.Left > want || received.Left < want-2*time.Second {
				t.Errorf("%s had %v, not %v", method.FullName(), received.Left, want)
			}
		}
	}
}

func TestAClientHasNoFieldsBesidesTheServices(t *testing.T) {
	var names []string
	for _, service := range services() {
		names = append(names, string(service.Name()))
	}
	if len(names) == 0 {
		t.Fatal("the contract has no services")
	}
	client := reflect.TypeFor[localdial.Client]()
	for index := range client.NumField() {
		if field := client.Field(index); field.IsExported() && !strings.Contains(strings.Join(names, " "), field.Name) {
			t.Errorf("%s is not a service of the contract", field.Name)
		}
	}
}

// A program that takes the services as interfaces must compile.
func resolves(ctx context.Context, routing localdialv1.CallRoutingClient) (string, error) {
	answer, err := routing.ResolveOutboundCallerId(ctx, &localdialv1.ResolveOutboundCallerIdRequest{})
	return answer.GetCallerId(), err
}

func TestAServiceIsTheGeneratedInterface(t *testing.T) {
	_, client := serverAndClient(t)
	if _, err := resolves(t.Context(), client.CallRouting); err != nil {
		t.Fatal(err)
	}
}

func newMessage(t *testing.T, descriptor protoreflect.MessageDescriptor) protoreflect.Message {
	t.Helper()
	found, err := protoregistry.GlobalTypes.FindMessageByName(descriptor.FullName())
	if err != nil {
		t.Fatal(err)
	}
	return found.New()
}

// callFor calls a method with a request that names the organization, itself or in the resource that it sets.
func callFor(t *testing.T, client *localdial.Client, method protoreflect.MethodDescriptor, organization string) {
	t.Helper()
	request := newMessage(t, method.Input())
	named := request
	fields := method.Input().Fields()
	if fields.ByName("organization_id") == nil {
		for index := range fields.Len() {
			if field := fields.Get(index); field.Kind() == protoreflect.MessageKind && !field.IsList() {
				named = request.Mutable(field).Message()
			}
		}
	}
	if id := named.Descriptor().Fields().ByName("organization_id"); id != nil {
		named.Set(id, protoreflect.ValueOfString(organization))
	}
	service := reflect.ValueOf(client).Elem().FieldByName(string(method.Parent().Name()))
	answers := service.MethodByName(string(method.Name())).Call(
		[]reflect.Value{reflect.ValueOf(t.Context()), reflect.ValueOf(request.Interface())},
	)
	if err, _ := answers[1].Interface().(error); err != nil {
		t.Fatal(method.FullName(), err)
	}
}
