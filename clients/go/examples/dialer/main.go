// Command dialer dials a list at a fixed rate: it asks localdial which caller ID to show to each borrower, and prints the
// decisions and their latency. Like a dialer that calls several borrowers for each free agent, it resolves several legs in
// one call.
//
//	dialer -organization acme -rate 50 -legs 5 list.csv
//
// The list is a CSV file whose first line is user_id,callee_number. If the service needs a key, set the environment
// variable LOCALDIAL_KEY.
//
// Ctrl-C stops dialing, waits for the open calls and prints the summary; a second Ctrl-C exits immediately.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	localdial "github.com/localdial/localdial/clients/go"
)

// The exit codes of the program.
const (
	exitDone        = 0
	exitSomeFailed  = 1
	exitUsage       = 2
	exitInterrupted = 130
)

type settings struct {
	server       string
	rootFile     string
	organization string
	plan         plan
	listFile     string
}

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

func run(arguments []string, output, problems io.Writer) int {
	s, err := parse(arguments, problems)
	if errors.Is(err, flag.ErrHelp) {
		return exitDone
	}
	if err != nil {
		_, _ = fmt.Fprintln(problems, err)
		return exitUsage
	}
	legs, err := readFile(s.listFile)
	if err != nil {
		_, _ = fmt.Fprintln(problems, err)
		return exitUsage
	}
	client, err := connect(s)
	if err != nil {
		_, _ = fmt.Fprintln(problems, err)
		return exitUsage
	}
	defer func() { _ = client.Close() }()

	interrupted, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// After the first signal, a second one ends the program as usual.
	context.AfterFunc(interrupted, stop)
	defer stop()

	report := newReport(output)
	report.dialed(dial(interrupted, client.CallRouting, s.organization, legs, s.plan, report.batch))
	report.sum(len(legs))
	switch {
	case interrupted.Err() != nil:
		return exitInterrupted
	case report.failed > 0:
		return exitSomeFailed
	default:
		return exitDone
	}
}

func parse(arguments []string, problems io.Writer) (settings, error) {
	var s settings
	flags := flag.NewFlagSet("dialer", flag.ContinueOnError)
	flags.SetOutput(problems)
	flags.Usage = func() {
		_, _ = fmt.Fprintln(problems, "usage: dialer -organization ID [flags] LIST.csv")
		flags.PrintDefaults()
	}
	flags.StringVar(&s.server, "server", "127.0.0.1:50051", "`address` of localdial")
	flags.StringVar(&s.rootFile, "root-certificate", "", "PEM `file` with the root of the server's certificate; implies TLS")
	flags.StringVar(&s.organization, "organization", "", "`id` of the organization that calls; required")
	flags.Float64Var(&s.plan.rate, "rate", 10, "legs to dial per second")
	flags.IntVar(&s.plan.legs, "legs", 3, "legs to resolve in one call to localdial")
	flags.IntVar(&s.plan.inFlight, "in-flight", 16, "calls to localdial that may be open at once")
	flags.DurationVar(&s.plan.timeout, "timeout", time.Second, "how long to wait for the decisions")
	if err := flags.Parse(arguments); err != nil {
		return s, err
	}
	s.listFile = flags.Arg(0)
	switch {
	case flags.NArg() != 1:
		return s, errors.New("give exactly one list; see dialer -help")
	case s.organization == "":
		return s, errors.New("-organization is missing")
	case !(s.plan.rate > 0 && s.plan.rate <= maxRate):
		return s, fmt.Errorf("-rate must be more than 0 and at most %d", maxRate)
	case s.plan.legs < 1 || s.plan.legs > maxLegs:
		return s, fmt.Errorf("-legs must be from 1 to %d", maxLegs)
	case s.plan.inFlight < 1 || s.plan.inFlight > maxInFlight:
		return s, fmt.Errorf("-in-flight must be from 1 to %d", maxInFlight)
	case s.plan.timeout <= 0:
		return s, errors.New("-timeout must be more than 0")
	}
	return s, nil
}

func connect(s settings) (*localdial.Client, error) {
	var options []localdial.Option
	if key := os.Getenv("LOCALDIAL_KEY"); key != "" {
		options = append(options, localdial.WithKey(key))
	}
	if s.rootFile != "" {
		pem, err := os.ReadFile(s.rootFile)
		if err != nil {
			return nil, err
		}
		options = append(options, localdial.WithRootCertificates(pem))
	}
	return localdial.New(s.server, options...)
}
