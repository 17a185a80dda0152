package main

import (
	"strings"
	"testing"
)

func TestEveryListOfTheContractHasAPager(t *testing.T) {
	lists := 0
	for _, method := range contract() {
		if method.Input().Fields().ByName("page_token") == nil {
			continue
		}
		lists++
		if pagers[nameOf(method)] == nil {
			t.Error(nameOf(method), "has none")
		}
	}
	if lists == 0 || lists != len(pagers) {
		t.Error(lists, len(pagers))
	}
}

func TestAnUnknownCommandIsUnsupported(t *testing.T) {
	var output strings.Builder
	if err := serve(strings.NewReader("{\"op\":\"dance\"}\n"), &output); err != nil {
		t.Fatal(err)
	}
	if output.String() != "{\"unsupported\":\"dance\"}\n" {
		t.Error(output.String())
	}
}
