package command

import (
	"bufio"
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
		conn.Close() //nolint:errcheck // it is refused
	}
}

// peerUID returns the user whose process has the other end of a loopback connection, from the kernel's table of sockets.
func peerUID(conn net.Conn) (int, error) {
	peer, err := netip.ParseAddrPort(conn.RemoteAddr().String())
	if err != nil {
		return 0, err
	}
	f, err := os.Open("/proc/net/tcp")
	if err != nil {
		return 0, err
	}
	defer f.Close()
	ip := peer.Addr().As4()
	// The kernel prints addresses in the byte order of the machine.
	want := []string{fmt.Sprintf("%02X%02X%02X%02X:%04X", ip[3], ip[2], ip[1], ip[0], peer.Port()),
		fmt.Sprintf("%02X%02X%02X%02X:%04X", ip[0], ip[1], ip[2], ip[3], peer.Port())}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		// sl, local address, remote address, state, queues, timer, retransmits, uid
		fields := strings.Fields(lines.Text())
		if len(fields) > 7 && (fields[1] == want[0] || fields[1] == want[1]) {
			return strconv.Atoi(fields[7])
		}
	}
	return 0, fmt.Errorf("no socket %s", peer)
}
