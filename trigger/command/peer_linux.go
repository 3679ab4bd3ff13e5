package command

import (
	"bufio"
	"encoding/binary"
	"fmt"
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
	peer, err := netip.ParseAddrPort(conn.RemoteAddr().String())
	if err != nil {
		return 0, err
	}
	ip := peer.Addr().Unmap().As4()
	v4 := fmt.Sprintf("%08X", binary.NativeEndian.Uint32(ip[:]))
	port := fmt.Sprintf(":%04X", peer.Port())
	mapped := fmt.Sprintf("0000000000000000%08X", binary.NativeEndian.Uint32([]byte{0, 0, 0xff, 0xff}))
	for file, address := range map[string]string{"/proc/net/tcp": v4 + port, "/proc/net/tcp6": mapped + v4 + port} {
		if uid, err := findSocket(file, address); err == nil {
			return uid, nil
		}
	}
	return 0, fmt.Errorf("no socket %s", peer)
}

// findSocket returns the user of the socket with the local address in a table of sockets.
func findSocket(file, address string) (int, error) {
	f, err := os.Open(file)
	if err != nil {
		return 0, err
	}
	defer func() { _ = f.Close() }() // only read
	for lines := bufio.NewScanner(f); lines.Scan(); {
		// sl, local address, remote address, state, queues, timer, retransmits, uid
		if fields := strings.Fields(lines.Text()); len(fields) > 7 && fields[1] == address {
			return strconv.Atoi(fields[7])
		}
	}
	return 0, os.ErrNotExist
}
