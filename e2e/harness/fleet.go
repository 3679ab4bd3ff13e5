package harness

import (
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
)

// storeEnv chooses where the Sluices of the tests keep their records. Empty: SQLite, one process. "postgres": a database each on
// one server, and two processes behind one address. "postgres-one": a database each, and one process.
const storeEnv = "SLUICE_E2E_STORE"

// server has the databases of all tests; nil with SQLite.
var server *Postgres

// Main runs the tests of a package on the store that the environment names. It returns their exit code.
func Main(run func() int) int {
	switch mode := os.Getenv(storeEnv); mode {
	case "":
		return run()
	case "postgres", "postgres-one":
	default:
		fmt.Fprintf(os.Stderr, "%s is %q; it can be postgres or postgres-one\n", storeEnv, mode)
		return 2
	}
	whole := &wholeRun{}
	defer whole.end()
	server = StartPostgres(whole)
	// Crash tests start their own servers.
	for _, text := range []string{"alter system set fsync = off", "select pg_reload_conf()"} {
		if err := server.sql("postgres", text); err != nil {
			whole.Fatal(err)
		}
	}
	return run()
}

// wholeRun is a testing.TB for what lasts as long as all tests.
type wholeRun struct {
	testing.TB
	cleanups []func()
}

func (*wholeRun) Helper()                     {}
func (*wholeRun) Failed() bool                { return false }
func (w *wholeRun) Cleanup(f func())          { w.cleanups = append(w.cleanups, f) }
func (*wholeRun) Logf(string, ...any)         {}
func (*wholeRun) Fatal(args ...any)           { panic(fmt.Sprint(args...)) }
func (*wholeRun) Fatalf(f string, arg ...any) { panic(fmt.Sprintf(f, arg...)) }

func (w *wholeRun) end() {
	for i := len(w.cleanups) - 1; i >= 0; i-- {
		w.cleanups[i]()
	}
}

// fleet is several processes behind one address.
type fleet struct {
	members []member
	next    atomic.Uint64
}

// member is what one process has for itself.
type member struct{ port, admin, echo, caddyfile string }

// newFleet reserves what two processes of s need, and forwards the connections to the address of s to them in turn.
func newFleet(t testing.TB, s *Sluice) *fleet {
	t.Helper()
	f := &fleet{members: []member{
		{fmt.Sprint(FreePort(t)), s.Admin, s.echo, s.Caddyfile + "-1"},
		{fmt.Sprint(FreePort(t)), fmt.Sprintf("localhost:%d", FreePort(t)), fmt.Sprint(FreePort(t)), s.Caddyfile + "-2"},
	}}
	l, err := net.Listen("tcp", ":"+s.port())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() }) // ends accept
	go f.accept(l)
	return f
}

func (f *fleet) accept(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go f.forward(c)
	}
}

// forward connects a client to the next process that accepts connections.
func (f *fleet) forward(client net.Conn) {
	defer client.Close()
	first := f.next.Add(1)
	for i := range uint64(len(f.members)) {
		to, err := net.Dial("tcp", "127.0.0.1:"+f.members[(first+i)%uint64(len(f.members))].port)
		if err != nil {
			continue
		}
		defer to.Close()
		back := make(chan struct{})
		go func() {
			_, _ = io.Copy(client, to) // either side may end it
			_ = client.(*net.TCPConn).CloseWrite()
			close(back)
		}()
		_, _ = io.Copy(to, client)
		_ = to.(*net.TCPConn).CloseWrite()
		<-back
		return
	}
}

// write writes a Caddyfile for each process: the text of s with its own ports.
func (f *fleet) write(t testing.TB, s *Sluice) {
	t.Helper()
	// The addresses of sites are at the beginning of lines.
	site := regexp.MustCompile(`(?m)^(\S.*):` + s.port() + `\b`)
	for _, m := range f.members {
		text := site.ReplaceAllString(s.Read(t), "${1}:"+m.port)
		text = strings.NewReplacer(s.Admin, m.admin, ":"+s.echo, ":"+m.echo).Replace(text)
		if err := os.WriteFile(m.caddyfile, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// launch starts the processes at the same time and waits until all are ready. With a certificate authority of Caddy's own they start one
// after the other: they share its files, and of two processes that make one at the same time each keeps its own.
func (f *fleet) launch(t testing.TB, s *Sluice) {
	t.Helper()
	f.write(t, s)
	scheme, _, _ := strings.Cut(s.URL, ":")
	inTurn := regexp.MustCompile(`\b(tls|issuer) internal\b`).MatchString(s.Read(t))
	var all []*Process
	for i, m := range f.members {
		all = append(all, Run(t, filepath.Dir(s.Caddyfile), s.env, s.binary, "run", "--config", m.caddyfile, "--adapter", "caddyfile"))
		if inTurn {
			f.await(t, scheme, all[i], m)
		}
	}
	s.Process = all[0]
	s.others = all[1:]
	for i, m := range f.members {
		f.await(t, scheme, all[i], m)
	}
}

// await waits until a process is ready.
func (*fleet) await(t testing.TB, scheme string, p *Process, m member) {
	t.Helper()
	p.Await(t, func() bool { return answers(scheme+"://localhost:"+m.port+"/readyz", 200) })
}
