//go:build !linux

package harness

import "syscall"

// dieWithUs returns nil: only Linux can kill a child when its parent ends.
func dieWithUs() *syscall.SysProcAttr { return nil }
