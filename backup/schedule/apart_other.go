//go:build !unix

package schedule

import "syscall"

// apart is for systems with process groups.
func apart() *syscall.SysProcAttr { return nil }
