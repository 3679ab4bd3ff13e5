//go:build unix && !linux

package postgrestest

import "syscall"

// dieWithUs does nothing: other systems do not end children.
func dieWithUs(*syscall.SysProcAttr) {}
