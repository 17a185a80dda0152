package localdial

import (
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/localdial/localdial/clients/go/localdialv1"
)

// carrierMethods has the methods that wait for the carrier and so have the longer deadline.
var carrierMethods = map[protoreflect.Name]bool{
	"SearchAvailableNumbers": true,
	"PurchaseNumbers":        true,
	"ImportNumbers":          true,
	"DeleteNumbers":          true,
	"ListImportableNumbers":  true,
	"ReconcileNumbers":       true,
}

// nameOf returns the full name of a method in gRPC's form, such as /localdial.v1.NumberInventory/PurchaseNumbers.
func nameOf(method string) protoreflect.FullName {
	return protoreflect.FullName(strings.ReplaceAll(strings.TrimPrefix(method, "/"), "/", "."))
}

func waitsForCarrier(method string) bool {
	return carrierMethods[nameOf(method).Name()]
}

var callRouting = localdialv1.File_localdial_v1_call_routing_proto.Services().ByName("CallRouting").FullName()
