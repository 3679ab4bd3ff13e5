//go:build !linux

package harness

import "syscall"

// dieWithUs asks for nothing: only Linux can tie a child's life to its parent's.
func dieWithUs() *syscall.SysProcAttr { return nil }
