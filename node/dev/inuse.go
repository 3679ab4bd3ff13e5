package dev

import (
	"errors"
	"syscall"
)

// wsaeaddrinuse is what Windows says.
const wsaeaddrinuse = syscall.Errno(10048)

// inUse reports whether another program listens at the address.
func inUse(err error) bool {
	return errors.Is(err, syscall.EADDRINUSE) || errors.Is(err, wsaeaddrinuse)
}
