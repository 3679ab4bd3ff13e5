package listening_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/caddyserver/caddy/v2/modules/caddytls"

	"github.com/sluicegate/sluice/caddymodule/listening"
)

func TestAddressesThatAreTakenOrCannotBeAreFound(t *testing.T) {
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer tcp.Close()
	udp, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer udp.Close()
	all, tls := []string{"h1", "h2", "h3"}, caddytls.ConnectionPolicies{}
	tls = append(tls, new(caddytls.ConnectionPolicy))
	for _, c := range []struct {
		name   string
		server *caddyhttp.Server
		want   string
	}{
		{"taken", &caddyhttp.Server{Listen: []string{tcp.Addr().String()}, Protocols: all}, "address already in use"},
		{"in a range", &caddyhttp.Server{Listen: []string{fmt.Sprintf("127.0.0.1:%d-%[1]d", tcp.Addr().(*net.TCPAddr).Port)}, Protocols: all}, "address already in use"},
		{"taken for HTTP/3", &caddyhttp.Server{Listen: []string{udp.LocalAddr().String()}, Protocols: all, TLSConnPolicies: tls}, "udp"},
		{"HTTP/3 needs TLS", &caddyhttp.Server{Listen: []string{udp.LocalAddr().String()}, Protocols: all}, ""},
		{"no HTTP/3", &caddyhttp.Server{Listen: []string{udp.LocalAddr().String()}, Protocols: all, ListenProtocols: [][]string{{"h1"}}, TLSConnPolicies: tls}, ""},
		{"not of this machine", &caddyhttp.Server{Listen: []string{"192.0.2.1:0"}, Protocols: all}, "192.0.2.1"},
		{"a Unix socket", &caddyhttp.Server{Listen: []string{"unix/" + filepath.Join(t.TempDir(), "s|0200")}, Protocols: all}, ""},
		{"a Unix socket nowhere", &caddyhttp.Server{Listen: []string{"unix/" + filepath.Join(t.TempDir(), "none", "s")}, Protocols: all}, "no such file"},
		{"another network", &caddyhttp.Server{Listen: []string{"fd/3"}, Protocols: all}, ""},
	} {
		err := listening.Check(t.Context(), &caddyhttp.App{Servers: map[string]*caddyhttp.Server{"srv0": c.server}})
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
	}
}

// TestListens is another process: it listens on the address, as Caddy does, until its input ends.
func TestListens(t *testing.T) {
	at := os.Getenv("LISTENING_TEST_AT")
	if at == "" {
		return // a part of TestAnotherProcessOnAnAddressIsFound
	}
	opened := listenAsCaddy(t, at)
	fmt.Println("at", opened.Addr())
	_, _ = bufio.NewReader(os.Stdin).ReadByte()
}

func listenAsCaddy(t *testing.T, at string) net.Listener {
	t.Helper()
	address, err := caddy.ParseNetworkAddress(at)
	if err != nil {
		t.Fatal(err)
	}
	opened, err := address.Listen(context.Background(), 0, net.ListenConfig{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = opened.(net.Listener).Close() })
	return opened.(net.Listener)
}

func TestAnotherProcessOnAnAddressIsFound(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only on Linux can two processes share an address")
	}
	others := func(addresses ...string) []listening.Other {
		return listening.Others(&caddyhttp.App{Servers: map[string]*caddyhttp.Server{"srv0": {Listen: addresses}}})
	}
	for _, host := range []string{"127.0.0.1", "[::1]"} {
		run := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestListens$")
		run.Env = append(os.Environ(), "LISTENING_TEST_AT="+host+":0")
		in, err := run.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		out, err := run.StdoutPipe()
		if err == nil {
			err = run.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		line, _ := bufio.NewReader(out).ReadString('\n')
		at := strings.TrimSpace(strings.TrimPrefix(line, "at "))
		if !strings.HasPrefix(line, "at ") {
			_, _ = in.Close(), run.Wait()
			if host != "[::1]" {
				t.Fatalf("%s: %q", host, line)
			}
			t.Logf("without IPv6, which this machine does not have: %q", line)
			continue
		}
		_, port, _ := net.SplitHostPort(at)
		for _, mine := range []string{at, ":" + port, "tcp/" + host + ":" + port} {
			// On another address of the machine somebody else may have the port.
			if got := others("unix//nowhere", mine); !slices.ContainsFunc(got, func(o listening.Other) bool {
				return o.Address == at && o.PID == run.Process.Pid && o.Name != ""
			}) {
				t.Errorf("%s beside %s of %d: %+v", mine, at, run.Process.Pid, got)
			}
		}
		listenAsCaddy(t, at) // as a server of this process that has started already
		if got := others(at); len(got) != 1 || got[0].PID != run.Process.Pid {
			t.Errorf("after this process listens: %+v", got)
		}
		if got := others("127.0.0.1:1", "192.0.2.1:"+port); len(got) != 0 {
			t.Errorf("other addresses: %+v", got)
		}
		_ = in.Close()
		_ = run.Wait()
		if got := others(at); len(got) != 0 {
			t.Errorf("alone: %+v", got)
		}
	}
}
