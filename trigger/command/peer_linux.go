package command

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
)

// ownUser accepts connections of processes of Sluice's own user only. Without it, every user of the machine could get the events,
// which have passwords and codes.
type ownUser struct{ net.Listener }

// Accept implements net.Listener.
func (l ownUser) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if uid, err := peerUID(conn); err == nil && uid == os.Getuid() {
			return conn, nil
		}
		_ = conn.Close() // it is refused
	}
}

// peerUID returns the user whose process has the other end of a loopback connection, from the kernel's tables of sockets. A program
// may reach 127.0.0.1 from a socket of IPv6.
func peerUID(conn net.Conn) (int, error) {
	from, err := netip.ParseAddrPort(conn.RemoteAddr().String())
	if err != nil {
		return 0, err
	}
	to, err := netip.ParseAddrPort(conn.LocalAddr().String())
	if err != nil {
		return 0, err
	}
	mapped := fmt.Sprintf("0000000000000000%08X", binary.NativeEndian.Uint32([]byte{0, 0, 0xff, 0xff}))
	for file, prefix := range map[string]string{"/proc/net/tcp": "", "/proc/net/tcp6": mapped} {
		if uid, err := userOf(file, prefix+socket(from), prefix+socket(to)); err == nil {
			return uid, nil
		}
	}
	return 0, fmt.Errorf("no socket %s", from)
}

// socket returns an address of IPv4 as the kernel writes it.
func socket(a netip.AddrPort) string {
	ip := a.Addr().Unmap().As4()
	return fmt.Sprintf("%08X:%04X", binary.NativeEndian.Uint32(ip[:]), a.Port())
}

// userOf reads a table of sockets.
func userOf(file, local, remote string) (int, error) {
	f, err := os.Open(file)
	if err != nil {
		return 0, err
	}
	defer func() { _ = f.Close() }() // only read
	return findSocket(f, local, remote)
}

// findSocket returns the user of the established connection between two addresses. Users can share a local address if they connect
// to different remote ones.
func findSocket(table io.Reader, local, remote string) (int, error) {
	const established = "01"
	for lines := bufio.NewScanner(table); lines.Scan(); {
		// sl, local address, remote address, state, queues, timer, retransmits, uid
		if fields := strings.Fields(lines.Text()); len(fields) > 7 && fields[1] == local && fields[2] == remote && fields[3] == established {
			return strconv.Atoi(fields[7])
		}
	}
	return 0, os.ErrNotExist
}
