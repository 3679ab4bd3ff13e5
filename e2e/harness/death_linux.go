package harness

import "syscall"

// dieWithUs makes the kernel kill a child when this process ends, so that a test that is killed leaves no processes behind.
func dieWithUs() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
