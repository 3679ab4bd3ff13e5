//go:build !linux

package command

import (
	"os"
	"os/exec"
)

// detach does nothing: the program ends when it asks for an event after Sluice has ended.
func detach(*exec.Cmd) {}

// kill kills the program.
func kill(p *os.Process) {
	p.Kill() //nolint:errcheck // it has ended
}
