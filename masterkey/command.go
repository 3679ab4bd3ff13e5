package masterkey

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/sluicegate/sluice/seal"
)

// Limits of what a command may print, in bytes.
const (
	maxOutput = 64 << 10
	maxStderr = 2 << 10
)

// Command is the source of keys that a command prints: 32 bytes in base64 on each line, the first of which seals. It runs at the
// start, without a shell and without input, with the environment of the process except the variables that hold Sluice's own secrets.
type Command struct {
	Args    []string      // the program and its arguments
	Dir     string        // where it runs; "" = the working directory
	Timeout time.Duration // 0 = 30 seconds
}

// Keys runs the command. The error has what the command wrote to its standard error, and nothing of its output.
func (c *Command) Keys(ctx context.Context) ([]seal.Key, error) {
	timeout := c.Timeout
	if timeout <= 0 {
		timeout = 30 * time.Second
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, c.Args[0], c.Args[1:]...) //nolint:gosec // the operator's command
	cmd.Dir, cmd.Env, cmd.WaitDelay = c.Dir, environment(), time.Second
	out, problems := &limited{left: maxOutput}, &limited{left: maxStderr}
	cmd.Stdout, cmd.Stderr = out, problems
	switch err := cmd.Run(); {
	case ctx.Err() != nil:
		return nil, fmt.Errorf("master key: %s has not ended within %v; raise timeout, or make it faster%s", c, timeout, problems.said())
	case err != nil:
		return nil, fmt.Errorf("master key: %s: %w%s", c, err, problems.said())
	case out.more:
		return nil, fmt.Errorf("master key: %s printed more than %d bytes; it must print only keys, one on each line", c, maxOutput)
	}
	keys, err := lines("the output of "+c.String(), out.kept.String())
	if err == nil && len(keys) == 0 {
		err = fmt.Errorf("master key: %s printed no key%s", c, problems.said())
	}
	return keys, err
}

// Changed returns false: the command runs at the start and at a reload.
func (*Command) Changed(context.Context) bool { return false }

// String names the command without its arguments.
func (c *Command) String() string { return "command " + c.Args[0] }

// environment is the environment without Sluice's own secrets.
func environment() []string {
	var list []string
	for _, entry := range os.Environ() {
		if name, _, _ := strings.Cut(entry, "="); name != "SLUICE_MASTER_KEY" && !strings.HasPrefix(name, "SLUICE_ROOT_") {
			list = append(list, entry)
		}
	}
	return list
}

// limited keeps the first bytes of what is written to it. The buffer is not embedded, because its ReadFrom knows no limit.
type limited struct {
	kept bytes.Buffer
	left int
	more bool
}

// Write keeps what fits. It takes everything, so that the writer continues.
func (l *limited) Write(p []byte) (int, error) {
	n := min(len(p), l.left)
	l.left -= n
	l.more = l.more || n < len(p)
	_, err := l.kept.Write(p[:n])
	return len(p), err
}

// said returns the standard error of a command, for an error message.
func (l *limited) said() string {
	text := strings.TrimSpace(l.kept.String())
	if text == "" {
		return ""
	}
	return fmt.Sprintf("; it said: %q", text)
}
