package harness

import "syscall"

// dieWithUs has a child killed when this process is gone, so that a test that is killed leaves no peers behind.
func dieWithUs() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
