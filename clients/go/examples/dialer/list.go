package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
)

const (
	// maxList is how many legs a list may have; all of them are held in memory.
	maxList = 1_000_000
	// maxProblems is how many invalid lines are reported at once.
	maxProblems = 20
)

var (
	columns = []string{"user_id", "callee_number"}
	e164    = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)
	userID  = regexp.MustCompile(`^[!-~]{1,128}$`)
)

// leg is one call to dial.
type leg struct {
	line   int
	user   string
	callee string
}

func readFile(name string) ([]leg, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	return readList(name, file)
}

// readList reads the whole list before anything is dialed, because a list is easier to correct than half a campaign. The
// error names every invalid line, up to maxProblems.
func readList(name string, input io.Reader) ([]leg, error) {
	reader := csv.NewReader(input)
	reader.FieldsPerRecord = -1
	reader.ReuseRecord = true
	header, err := reader.Read()
	if err != nil && err != io.EOF {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if !slices.Equal(header, columns) {
		return nil, fmt.Errorf("%s:1: the first line must be %s,%s", name, columns[0], columns[1])
	}
	var legs []leg
	var problems []error
	for len(problems) < maxProblems {
		record, err := reader.Read()
		if err == io.EOF {
			break
		}
		if wrong, is := errors.AsType[*csv.ParseError](err); is {
			problems = append(problems, fmt.Errorf("%s:%d: %w", name, wrong.StartLine, wrong.Err))
			// After a misplaced quote the rest of the list cannot be parsed.
			break
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		line, _ := reader.FieldPos(0)
		each, err := legOf(line, record)
		if err != nil {
			problems = append(problems, fmt.Errorf("%s:%d: %w", name, line, err))
			continue
		}
		if len(legs) == maxList {
			return nil, fmt.Errorf("%s:%d: a list may have at most %d calls", name, line, maxList)
		}
		legs = append(legs, each)
	}
	if len(problems) > 0 {
		return nil, errors.Join(append(problems, errors.New("nothing was dialed"))...)
	}
	return legs, nil
}

func legOf(line int, record []string) (leg, error) {
	switch {
	case len(record) != len(columns):
		return leg{}, fmt.Errorf("there are %d columns, not %d", len(record), len(columns))
	case !userID.MatchString(record[0]):
		return leg{}, fmt.Errorf("the user_id %q is not 1 to 128 visible ASCII characters", record[0])
	case !e164.MatchString(record[1]):
		return leg{}, fmt.Errorf("the callee_number %q is not E.164, such as +14155550100", record[1])
	}
	return leg{line, record[0], record[1]}, nil
}
