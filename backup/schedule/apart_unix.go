//go:build unix

package schedule

import "syscall"

// apart starts the process in its own group, so that Ctrl-C at a terminal does not end it before the server.
func apart() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
