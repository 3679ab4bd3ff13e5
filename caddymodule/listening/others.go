package listening

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// Other is another process that listens on an address of a server.
type Other struct {
	Address string // as that process has bound it
	PID     int    // 0 = it cannot be seen
	Name    string // of its program; "" = it cannot be seen
}

// Others returns the other processes that listen on TCP addresses of the servers. On Linux, Caddy binds with SO_REUSEPORT, so that a server
// that was started twice by mistake starts without an error, and gets no connections, or some. Elsewhere there are none.
func Others(app *caddyhttp.App) []Other {
	var found []Other
	mine := addresses(app)
	var own map[string]bool
	for _, s := range listening() {
		if !s.conflicts(mine) {
			continue
		}
		if own == nil {
			own = sockets("self")
		}
		if own[s.inode] {
			continue
		}
		pid := owner(s.inode)
		if pid == 0 && !stillThere(s) { // one of this process, which has just closed it
			continue
		}
		if other := (Other{s.at.String(), pid, nameOf(pid)}); !slices.Contains(found, other) { // a server may have several sockets
			found = append(found, other)
		}
	}
	return found
}

// addresses are the TCP addresses of the servers.
func addresses(app *caddyhttp.App) (all []netip.AddrPort) {
	for _, server := range app.Servers {
		for _, text := range server.Listen {
			address, err := caddy.ParseNetworkAddress(text)
			if err != nil || !strings.HasPrefix(address.Network, "tcp") {
				continue
			}
			for offset := range address.PortRangeSize() {
				if at, err := net.ResolveTCPAddr(address.Network, address.JoinHostPort(offset)); err == nil && at.Port > 0 {
					ip := at.AddrPort().Addr().Unmap().WithZone("")
					if !ip.IsValid() {
						ip = netip.IPv6Unspecified() // all addresses
					}
					all = append(all, netip.AddrPortFrom(ip, at.AddrPort().Port()))
				}
			}
		}
	}
	return all
}

// socket is a listening socket of the machine.
type socket struct {
	at    netip.AddrPort
	inode string
}

func (s socket) conflicts(with []netip.AddrPort) bool {
	for _, a := range with {
		if a.Port() == s.at.Port() && (a.Addr() == s.at.Addr() || a.Addr().IsUnspecified() || s.at.Addr().IsUnspecified()) {
			return true
		}
	}
	return false
}

// listening reads the listening TCP sockets of the network namespace (proc_net_tcp(5)). The kernel lists them before all others.
func listening() (all []socket) {
	for _, name := range []string{"/proc/self/net/tcp", "/proc/self/net/tcp6"} {
		file, err := os.Open(name)
		if err != nil {
			continue
		}
		lines := bufio.NewScanner(file)
		for n := 0; lines.Scan(); n++ {
			fields := strings.Fields(lines.Text())
			if n == 0 || len(fields) < 10 {
				continue
			}
			if fields[3] != "0A" {
				break
			}
			if at, ok := address(fields[1]); ok {
				all = append(all, socket{at, fields[9]})
			}
		}
		_ = file.Close()
	}
	return all
}

// address reads an address in words of 32 bits, each in the machine's order, and a port.
func address(text string) (netip.AddrPort, bool) {
	ip, port, _ := strings.Cut(text, ":")
	raw, err := hex.DecodeString(ip)
	number, wrong := strconv.ParseUint(port, 16, 16)
	if err != nil || wrong != nil || len(raw)%4 != 0 {
		return netip.AddrPort{}, false
	}
	for i := 0; i < len(raw); i += 4 {
		binary.NativeEndian.PutUint32(raw[i:], binary.BigEndian.Uint32(raw[i:]))
	}
	addr, ok := netip.AddrFromSlice(raw)
	return netip.AddrPortFrom(addr.Unmap(), uint16(number)), ok
}

// sockets returns the inodes of the sockets that a process has open; nil if this one may not see them.
func sockets(process string) map[string]bool {
	links, _ := filepath.Glob("/proc/" + process + "/fd/*")
	open := map[string]bool{}
	for _, link := range links {
		to, _ := os.Readlink(link) // it may be closed by now
		if inode, ok := strings.CutPrefix(to, "socket:["); ok {
			open[strings.TrimSuffix(inode, "]")] = true
		}
	}
	return open
}

// owner returns the process that has a socket; 0 if this one may not see it.
func owner(inode string) int {
	processes, _ := filepath.Glob("/proc/[0-9]*")
	for _, p := range processes {
		if pid, err := strconv.Atoi(filepath.Base(p)); err == nil && pid != os.Getpid() && sockets(filepath.Base(p))[inode] {
			return pid
		}
	}
	return 0
}

func stillThere(s socket) bool {
	for _, other := range listening() {
		if other == s {
			return true
		}
	}
	return false
}

func nameOf(pid int) string {
	name, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/comm")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(name))
}
