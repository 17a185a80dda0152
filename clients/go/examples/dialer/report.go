package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"google.golang.org/genproto/googleapis/rpc/code"

	localdial "github.com/localdial/localdial/clients/go"
)

// report prints the decisions as they come, and counts them.
type report struct {
	output io.Writer
	took   time.Duration
	// latencies are in microseconds.
	latencies *hdrhistogram.Histogram
	decided   map[string]int
	failures  map[string]int
	failed    int
}

func newReport(output io.Writer) *report {
	return &report{
		output: output,
		// From 1 microsecond to 10 minutes, with 3 significant digits.
		latencies: hdrhistogram.New(1, (10 * time.Minute).Microseconds(), 3),
		decided:   map[string]int{},
		failures:  map[string]int{},
	}
}

func (r *report) batch(b batch) {
	microseconds := min(max(b.took.Microseconds(), 1), r.latencies.HighestTrackableValue())
	// The value is within the bounds, so there is no error.
	_ = r.latencies.RecordValue(microseconds)
	for index, each := range b.legs {
		if b.err != nil {
			r.failure(each, b.err)
			continue
		}
		if index >= len(b.results) {
			r.failure(each, errors.New("the service returned no result for it"))
			continue
		}
		result := b.results[index]
		if err := localdial.FromStatus(result.GetStatus()); err != nil {
			r.failure(each, err)
			continue
		}
		shown := result.GetResponse()
		reason := strings.TrimPrefix(shown.GetReason().String(), "CALLER_ID_REASON_")
		r.decided[reason]++
		r.printf("line %d: %s calls %s, who sees %s (%s)\n", each.line, each.user, each.callee, shown.GetCallerId(), reason)
	}
}

func (r *report) failure(each leg, err error) {
	r.failed++
	r.failures[kind(err)]++
	r.printf("line %d: %s calls %s: not dialed: %v\n", each.line, each.user, each.callee, err)
}

// kind returns the name under which a failure is counted: its reason, or its status if it has no reason.
func kind(err error) string {
	failure, is := errors.AsType[*localdial.Error](err)
	if !is {
		return "OTHER"
	}
	return cmp.Or(failure.Reason, code.Code(failure.Code).String())
}

func (r *report) dialed(took time.Duration) { r.took = took }

// sum prints the summary; listed is how many legs the list has.
func (r *report) sum(listed int) {
	decided := 0
	for _, count := range r.decided {
		decided += count
	}
	all := decided + r.failed
	r.printf("\n%d of %d legs dialed in %.1f s (%.1f per second), %d failed\n", all, listed, r.took.Seconds(),
		float64(all)/max(r.took.Seconds(), 1e-3), r.failed)
	r.counts(r.decided)
	r.counts(r.failures)
	if r.latencies.TotalCount() == 0 {
		return
	}
	r.printf("latency of %d calls, from when each was due:", r.latencies.TotalCount())
	for _, percentile := range []float64{50, 90, 99} {
		r.printf(" p%.0f %s", percentile, milliseconds(r.latencies.ValueAtPercentile(percentile)))
	}
	r.printf(" max %s\n", milliseconds(r.latencies.Max()))
}

func (r *report) counts(counts map[string]int) {
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		r.printf("%8d %s\n", counts[name], name)
	}
}

func (r *report) printf(format string, arguments ...any) {
	// If the output is closed, there is nowhere to report the error.
	_, _ = fmt.Fprintf(r.output, format, arguments...)
}

func milliseconds(microseconds int64) string {
	return fmt.Sprintf("%.2f ms", float64(microseconds)/1000)
}
