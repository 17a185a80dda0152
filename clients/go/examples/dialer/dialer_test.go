package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"github.com/localdial/localdial/clients/go/internal/fakeserver"
	"github.com/localdial/localdial/clients/go/localdialv1"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("os/signal.signal_recv"), goleak.IgnoreTopFunction("os/signal.loop"))
}

func TestEveryInvalidLineIsReportedWithItsNumber(t *testing.T) {
	list := "user_id,callee_number\nann,+14155550100\n,+14155550101\nbob\n\"ann\n2\",+14155550102\nann,4155550103\nann,+14155550104,x\n"
	legs, err := readList("list.csv", strings.NewReader(list))
	if legs != nil || err == nil {
		t.Fatal(legs, err)
	}
	var lines []string
	for line := range strings.Lines(err.Error()) {
		lines = append(lines, line[:min(len(line), len("list.csv:0:"))])
	}
	want := "list.csv:3: list.csv:4: list.csv:5: list.csv:7: list.csv:8: nothing was"
	if strings.Join(lines, " ") != want {
		t.Error(err)
	}
}

func TestAFileThatIsNotAListIsRefused(t *testing.T) {
	for _, list := range []string{"", "ann,+14155550100\n", "user_id,callee_number\n\"ann", "user_id,callee_number\na\"b\",+1415\n"} {
		if _, err := readList("list.csv", strings.NewReader(list)); err == nil || !strings.Contains(err.Error(), "list.csv") {
			t.Error(list, err)
		}
	}
	if legs, err := readList("list.csv", strings.NewReader("user_id,callee_number\n")); err != nil || len(legs) != 0 {
		t.Error(legs, err)
	}
}

func TestTheNumberOfReportedLinesIsLimited(t *testing.T) {
	_, err := readList("list.csv", strings.NewReader("user_id,callee_number\n"+strings.Repeat("ann,415\n", 1000)))
	if count := strings.Count(err.Error(), "\n"); count != maxProblems {
		t.Error(count)
	}
}

func TestInvalidFlagsAreRefused(t *testing.T) {
	for _, arguments := range []string{
		"", "list.csv", "-organization acme", "-organization acme a.csv b.csv", "-organization acme -rate 0 a.csv",
		"-organization acme -rate NaN a.csv", "-organization acme -legs 501 a.csv", "-organization acme -in-flight 0 a.csv",
		"-organization acme -timeout 0 a.csv", "-organization acme -nonsense a.csv", "-organization acme missing.csv",
	} {
		var output, problems strings.Builder
		if code := run(strings.Fields(arguments), &output, &problems); code != exitUsage || problems.Len() == 0 {
			t.Error(arguments, code, problems.String())
		}
	}
}

// answers decides every leg except those of the user "without".
func answers(server *fakeserver.Server) fakeserver.Answer {
	return func(context.Context) (proto.Message, error) {
		received := server.Received()
		request := received[len(received)-1].Request.(*localdialv1.BatchResolveOutboundCallerIdsRequest)
		response := &localdialv1.BatchResolveOutboundCallerIdsResponse{}
		for _, leg := range request.GetRequests() {
			result := &localdialv1.BatchResolveOutboundCallerIdsResult{}
			if leg.GetUserId() == "without" {
				result.Result = &localdialv1.BatchResolveOutboundCallerIdsResult_Status{
					Status: &status.Status{Code: int32(codes.FailedPrecondition), Message: "no caller ID"},
				}
			} else {
				result.Result = &localdialv1.BatchResolveOutboundCallerIdsResult_Response{
					Response: &localdialv1.ResolveOutboundCallerIdResponse{
						CallerId: "+14155550199", Reason: localdialv1.CallerIdReason_CALLER_ID_REASON_LOCAL_PRESENCE,
					},
				}
			}
			response.Results = append(response.Results, result)
		}
		return response, nil
	}
}

func listOf(t *testing.T, users ...string) string {
	t.Helper()
	var list strings.Builder
	list.WriteString("user_id,callee_number\n")
	for index, user := range users {
		fmt.Fprintf(&list, "%s,+1415555%04d\n", user, index)
	}
	name := filepath.Join(t.TempDir(), "list.csv")
	if err := os.WriteFile(name, []byte(list.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestTheListIsDialedInBatchesAtTheRate(t *testing.T) {
	server := fakeserver.Start()
	defer server.Stop()
	server.Always(answers(server))
	list := listOf(t, "ann", "bob", "without", "cy", "dee", "eve", "fay")
	var output, problems strings.Builder
	start := time.Now()
	code := run([]string{
		"-server", server.Address, "-organization", "acme", "-rate", "10", "-legs", "3", "-in-flight", "1", list,
	}, &output, &problems)
	// The third batch is due after six legs.
	if took := time.Since(start); took < 590*time.Millisecond || took > 10*time.Second {
		t.Error(took)
	}
	if code != exitSomeFailed || problems.Len() != 0 {
		t.Error(code, problems.String())
	}
	for _, line := range []string{
		"line 2: ann calls +14155550000, who sees +14155550199 (LOCAL_PRESENCE)\n",
		"line 4: without calls +14155550002: not dialed: FAILED_PRECONDITION: no caller ID\n",
		"7 of 7 legs dialed", "1 failed", "       6 LOCAL_PRESENCE\n", "       1 FAILED_PRECONDITION\n",
		"latency of 3 calls", " p50 ", " p90 ", " p99 ", " max ",
	} {
		if !strings.Contains(output.String(), line) {
			t.Errorf("%q is missing in:\n%s", line, output.String())
		}
	}
	var sizes []int
	for _, each := range server.Received() {
		request := each.Request.(*localdialv1.BatchResolveOutboundCallerIdsRequest)
		sizes = append(sizes, len(request.GetRequests()))
	}
	if fmt.Sprint(sizes) != "[3 3 1]" {
		t.Error(sizes)
	}
}

func TestTheNumberOfOpenCallsIsLimited(t *testing.T) {
	routing := &slowRouting{}
	legs := make([]leg, 40)
	dial(t.Context(), routing, "acme", legs, plan{rate: maxRate, legs: 1, inFlight: 4, timeout: time.Second}, func(batch) {})
	if routing.most != 4 || routing.calls != 40 {
		t.Error(routing.most, routing.calls)
	}
}

func TestAnInterruptStopsDialingAndWaitsForTheAnswers(t *testing.T) {
	routing := &slowRouting{}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	answered := 0
	legs := make([]leg, 1000)
	dial(ctx, routing, "acme", legs, plan{rate: 1000, legs: 1, inFlight: 2, timeout: time.Second}, func(b batch) {
		if b.err == nil {
			answered++
		}
		if answered == 3 {
			cancel()
		}
	})
	if routing.calls != answered || answered < 3 || answered > 5 {
		t.Error(routing.calls, answered)
	}
}

func TestAMissingAnswerIsAFailure(t *testing.T) {
	var output strings.Builder
	r := newReport(&output)
	r.batch(batch{legs: []leg{{2, "ann", "+14155550100"}}})
	r.batch(batch{legs: []leg{{3, "ann", "+14155550100"}}, err: errors.New("broken"), took: time.Hour})
	r.sum(2)
	if r.failed != 2 || !strings.Contains(output.String(), "2 OTHER") {
		t.Error(output.String())
	}
}
