package handover

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// prefer makes the kernel give all connections of the address to the first of the sockets bound to it, which is this one.
// Otherwise it spreads them over all sockets, and those in the queue of a later socket are lost when it closes.
//
// The filter belongs to the group of sockets that share the address, and stays when the socket closes through which it was
// attached. That one must be a plain TCP socket: Go's are of Multipath TCP, which refuses the option.
func prefer(l *net.TCPListener) error {
	raw, err := l.SyscallConn()
	if err != nil {
		return err
	}
	at, ok := l.Addr().(*net.TCPAddr)
	if !ok {
		return fmt.Errorf("handover: %s is not a TCP address", l.Addr())
	}
	network, shared, only6 := "tcp4", 0, 0
	if err := control(raw, func(fd int) (err error) {
		if shared, err = unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEPORT); err == nil && at.IP.To4() == nil {
			network = "tcp6"
			only6, err = unix.GetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY)
		}
		return err
	}); err != nil {
		return err
	}
	if shared == 0 {
		return nil // without SO_REUSEPORT it is the only socket, such as one from systemd
	}
	var member net.ListenConfig
	member.SetMultipathTCP(false)
	member.Control = func(_, _ string, raw syscall.RawConn) error {
		return control(raw, func(fd int) error {
			if network == "tcp6" {
				if err := unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, only6); err != nil {
					return err
				}
			}
			return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
		})
	}
	second, err := member.Listen(context.Background(), network, at.String())
	if err != nil {
		return fmt.Errorf("handover: binding a second socket to the address: %w", err)
	}
	if raw, err = second.(*net.TCPListener).SyscallConn(); err == nil {
		err = control(raw, func(fd int) error {
			first := unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: 0} // return 0: the first socket of the group
			return unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_REUSEPORT_CBPF, &unix.SockFprog{Len: 1, Filter: &first})
		})
	}
	return errors.Join(err, second.Close())
}

// control calls f with the file descriptor of the socket.
func control(raw syscall.RawConn, f func(fd int) error) error {
	var failed error
	if err := raw.Control(func(fd uintptr) { failed = f(int(fd)) }); err != nil {
		return err
	}
	if failed != nil {
		return fmt.Errorf("handover: %w", failed)
	}
	return nil
}
