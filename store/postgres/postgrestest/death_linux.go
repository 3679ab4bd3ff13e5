package postgrestest

import "syscall"

// dieWithUs makes the kernel kill a child when this process ends, so that a test that panics or is killed leaves no servers behind.
func dieWithUs(attributes *syscall.SysProcAttr) { attributes.Pdeathsig = syscall.SIGKILL }
