// Command interop drives the Go client for the interop suite: it reads commands as lines of JSON and answers each with a
// line. tests/interop/README.md documents the commands.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
)

func main() {
	if err := serve(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// serve answers each line of input with a line of output.
func serve(input io.Reader, output io.Writer) error {
	clients := connections{}
	defer clients.closeAll()
	lines := bufio.NewReader(input)
	for {
		line, err := lines.ReadBytes('\n')
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		var command instruction
		if err := json.Unmarshal(line, &command); err != nil {
			return fmt.Errorf("%q is not a command: %w", line, err)
		}
		answer, err := clients.run(command)
		if err != nil {
			return err
		}
		encoded, err := json.Marshal(answer)
		if err != nil {
			return err
		}
		if _, err := output.Write(append(encoded, '\n')); err != nil {
			return err
		}
	}
}
