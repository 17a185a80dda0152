package localdial

import (
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/localdial/localdial/clients/go/localdialv1"
)

// carrierMethods wait for the carrier, and have the longer deadline.
var carrierMethods = map[protoreflect.Name]bool{
	"SearchAvailableNumbers": true,
	"PurchaseNumbers":        true,
	"ImportNumbers":          true,
	"DeleteNumbers":          true,
	"ListImportableNumbers":  true,
	"ReconcileNumbers":       true,
}

// Methods are named as gRPC writes them: /localdial.v1.NumberInventory/PurchaseNumbers.
func nameOf(method string) protoreflect.FullName {
	return protoreflect.FullName(strings.ReplaceAll(strings.TrimPrefix(method, "/"), "/", "."))
}

func waitsForCarrier(method string) bool {
	return carrierMethods[nameOf(method).Name()]
}

// isChange tells whether a method changes an organization, and so answers its revision after that.
func isChange(method string) bool {
	name := nameOf(method)
	if name.Parent() == callRouting {
		return false
	}
	descriptor, err := protoregistry.GlobalFiles.FindDescriptorByName(name)
	if err != nil {
		return false
	}
	options, _ := descriptor.Options().(*descriptorpb.MethodOptions)
	return options.GetIdempotencyLevel() != descriptorpb.MethodOptions_NO_SIDE_EFFECTS
}

// callRouting reads the organizations; the revision in its answers is the one that was decided on.
var callRouting = localdialv1.File_localdial_v1_call_routing_proto.Services().ByName("CallRouting").FullName()
