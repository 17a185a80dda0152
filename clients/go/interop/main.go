// Command interop drives the Go client for the interop suite: commands as lines of JSON, an answer to each. What the
// commands are is written down in tests/interop/README.md.
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

// serve answers each line of the input with a line of the output.
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
			return fmt.Errorf("%q is no command: %w", line, err)
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
