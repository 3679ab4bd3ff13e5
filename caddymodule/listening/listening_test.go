package listening_test

import (
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"testing"

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
