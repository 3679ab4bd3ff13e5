package command

import (
	"os"
	"os/exec"
	"syscall"
)

// detach gives the program a process group, so that its children can be killed with it, and has the kernel kill it when Sluice ends.
func detach(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// kill kills the program and its process group.
func kill(p *os.Process) {
	_ = syscall.Kill(-p.Pid, syscall.SIGKILL) // fails if it has ended
}
