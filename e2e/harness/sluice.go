package harness

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The names that Caddyfile.example declares.
const (
	Region       = "us-east-1"
	Account      = "123456789012"
	Pool         = "us-east-1_notes0001"
	Client       = "1example23456789abcdefghij"
	IdentityPool = "us-east-1:11111111-2222-4333-8444-555555555555"
	Bucket       = "notes"

	RootKey    = "AKIASLUICEE2EROOT000"
	RootSecret = "e2e-root-secret-that-nobody-else-has-0000"
)

// Config says how to start a Sluice. The zero value is Caddyfile.example without an object store.
type Config struct {
	S3       *S3                           // behind /s3/*; nil = no server there
	Upstream string                        // host:port behind /api/*; empty = the example's own, which echoes the request
	Global   string                        // lines for the sluice block, e.g. an smtp option
	Edit     func(caddyfile string) string // a further change of the Caddyfile; nil = none
	Env      []string
	Binary   string // empty = Binary's
	Embedded bool   // keeps its records in SQLite, whatever the other tests do
	Alone    bool   // one process, regardless of the other tests
}

// Sluice is a running Sluice. It keeps its ports and its data when it is restarted.
type Sluice struct {
	*Process
	URL   string // http://localhost:<port>
	Admin string // host:port of Caddy's admin endpoint
	Dir   string // the data directory

	Caddyfile string // path
	binary    string
	env       []string
	store     []string
	echo      string // port of the example's own upstream
	fleet     *fleet // nil = one process
}

// Start starts Sluice and waits until it is ready.
func Start(t testing.TB, c Config) *Sluice {
	t.Helper()
	s := Prepare(t, c)
	s.Launch(t)
	return s
}

// Prepare writes the Caddyfile and chooses ports but does not start the process.
func Prepare(t testing.TB, c Config) *Sluice {
	t.Helper()
	example, err := os.ReadFile(filepath.Join(Root(), "Caddyfile.example"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	s := &Sluice{
		URL:       fmt.Sprintf("http://localhost:%d", FreePort(t)),
		Admin:     fmt.Sprintf("localhost:%d", FreePort(t)),
		Dir:       filepath.Join(dir, "data"),
		Caddyfile: filepath.Join(dir, "Caddyfile"),
		binary:    c.Binary,
	}
	if s.binary == "" {
		s.binary = Binary(t)
	}
	store := fmt.Sprintf("127.0.0.1:%d", FreePort(t))
	if c.S3 != nil {
		store = c.S3.Address
	}
	echo := fmt.Sprint(FreePort(t))
	if c.Upstream == "" {
		c.Upstream = "127.0.0.1:" + echo
	}
	text := strings.NewReplacer(
		"reverse_proxy 127.0.0.1:8081", "reverse_proxy "+c.Upstream,
		"http://localhost:8080", s.URL,
		"localhost:2019", s.Admin,
		":8081", ":"+echo,
		"127.0.0.1:7070", store,
		"examples/notes", filepath.Join(Root(), "examples", "notes"),
		"\tsluice {\n", "\tsluice {\n"+c.Global+"\n",
	).Replace(string(example))
	if c.Edit != nil {
		text = c.Edit(text)
	}
	s.echo = echo
	s.Write(t, text)
	s.store = []string{"SLUICE_DATA_DIR=" + s.Dir}
	if server != nil && !c.Embedded {
		s.store = append(s.store, "SLUICE_STORE="+server.Database(t))
	}
	s.env = slices.Concat(s.store, []string{
		"SLUICE_ROOT_ACCESS_KEY_ID=" + RootKey,
		"SLUICE_ROOT_SECRET_ACCESS_KEY=" + RootSecret,
		"XDG_DATA_HOME=" + filepath.Join(dir, "caddy-data"),
		"XDG_CONFIG_HOME=" + filepath.Join(dir, "caddy-config"),
		"HOME=" + dir,
	}, c.Env)
	if os.Getenv(storeEnv) == "postgres" && !c.Embedded && !c.Alone {
		s.fleet = newFleet(t, s)
	}
	return s
}

// StoreEnv are the environment variables that name the store, for other processes on it.
func (s *Sluice) StoreEnv() []string { return s.store }

// port returns the port of the URL.
func (s *Sluice) port() string { return s.URL[strings.LastIndexByte(s.URL, ':')+1:] }

// Twin starts a second process with the same data and the same issuer on other ports.
func (s *Sluice) Twin(t testing.TB) *Sluice {
	t.Helper()
	return s.TwinOf(t, s.binary)
}

// TwinOf is Twin with another binary.
func (s *Sluice) TwinOf(t testing.TB, binary string) *Sluice {
	t.Helper()
	twin := &Sluice{
		URL:       fmt.Sprintf("http://localhost:%d", FreePort(t)),
		Admin:     fmt.Sprintf("localhost:%d", FreePort(t)),
		Dir:       s.Dir,
		Caddyfile: s.Caddyfile + "-twin",
		binary:    binary,
		env:       s.env,
		echo:      fmt.Sprint(FreePort(t)),
	}
	twin.Write(t, strings.NewReplacer(s.URL+" {", twin.URL+" {", s.Admin, twin.Admin, ":"+s.echo, ":"+twin.echo).
		Replace(s.Read(t)))
	twin.Launch(t)
	return twin
}

// Write replaces the Caddyfile.
func (s *Sluice) Write(t testing.TB, text string) {
	t.Helper()
	if err := os.WriteFile(s.Caddyfile, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// Read returns the text of the Caddyfile.
func (s *Sluice) Read(t testing.TB) string {
	t.Helper()
	text, err := os.ReadFile(s.Caddyfile)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Launch starts or restarts the process and waits until it is ready.
func (s *Sluice) Launch(t testing.TB) {
	t.Helper()
	if s.fleet != nil {
		s.fleet.launch(t, s)
		return
	}
	s.Process = Run(t, filepath.Dir(s.Caddyfile), s.env, s.binary,
		"run", "--config", s.Caddyfile, "--adapter", "caddyfile")
	s.Await(t, func() bool { return answers(s.URL+"/readyz", 200) })
}

// Command runs a subcommand of the binary in the same environment and returns its output.
func (s *Sluice) Command(args ...string) (string, error) {
	cmd := exec.Command(s.binary, args...)
	cmd.Dir = filepath.Dir(s.Caddyfile)
	cmd.Env = append(os.Environ(), s.env...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// Background starts a subcommand of the binary in the same environment, and does not wait for it.
func (s *Sluice) Background(t testing.TB, args ...string) *Process {
	t.Helper()
	return Run(t, filepath.Dir(s.Caddyfile), s.env, s.binary, args...)
}

// BackgroundFrom is Background with a standard input.
func (s *Sluice) BackgroundFrom(t testing.TB, in *os.File, args ...string) *Process {
	t.Helper()
	return runFrom(t, in, filepath.Dir(s.Caddyfile), s.env, s.binary, args...)
}

// Reload loads the Caddyfile into the running process.
func (s *Sluice) Reload(t testing.TB) {
	t.Helper()
	all := []member{{admin: s.Admin, caddyfile: s.Caddyfile}}
	if s.fleet != nil {
		s.fleet.write(t, s)
		all = s.fleet.members
	}
	for _, m := range all {
		if out, err := s.Command("reload", "--config", m.caddyfile, "--adapter", "caddyfile", "--address", m.admin, "--force"); err != nil {
			t.Fatalf("reload: %v\n%s", err, out)
		}
	}
}
