package e2e

import (
	"bytes"
	"debug/elf"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sluicegate/sluice/e2e/harness"
)

// TestCaddyfilesOfDeployAreValid validates each of them with secrets where they name some.
func TestCaddyfilesOfDeployAreValid(t *testing.T) {
	t.Parallel()
	deploy := filepath.Join(harness.Root(), "deploy")
	texts := map[string]string{}
	for _, name := range []string{"systemd/Caddyfile", "compose/Caddyfile", "compose/balancer.Caddyfile"} {
		texts[name] = readText(t, filepath.Join(deploy, name))
	}
	manifests := readText(t, filepath.Join(deploy, "kubernetes", "sluice.yaml"))
	block := regexp.MustCompile(`(?s)  Caddyfile: \|\n(.*?)\n---`).FindStringSubmatch(manifests)
	if block == nil {
		t.Fatal("the ConfigMap has no Caddyfile")
	}
	texts["kubernetes/sluice.yaml"] = regexp.MustCompile(`(?m)^    `).ReplaceAllString(block[1], "")
	for name, text := range texts {
		dir := t.TempDir()
		for _, secret := range []string{"postgres_password", "postgres-password", "redis_password", "redis-password", "s3_secret"} {
			writeText(t, filepath.Join(dir, secret), "a secret of a test\n")
		}
		file := filepath.Join(dir, "Caddyfile")
		writeText(t, file, strings.NewReplacer("/run/secrets/sluice/", dir+"/", "/run/secrets/", dir+"/").Replace(text))
		cmd := exec.Command(harness.Binary(t), "validate", "--config", file, "--adapter", "caddyfile")
		cmd.Env = append(os.Environ(), "HOME="+dir, "XDG_DATA_HOME="+dir, "XDG_CONFIG_HOME="+dir, "SLUICE_DATA_DIR="+dir)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
}

func readText(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func writeText(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// imageCaddyfile serves plain HTTP as deploy/compose does; %d are the ports of the admin endpoint and of the site.
const imageCaddyfile = `{
	admin localhost:%d
	sluice {
		public_url http://localhost:%d
		region us-east-1
		user_pool us-east-1_notes0001 {
			name notes
		}
	}
}
http://:%d {
	sluice_pools
}
`

// TestTheBinaryRunsAsInTheImage runs it alone in an empty root as a user without rights, as the Dockerfile does: it needs no library, no
// shell and no user database. Its health check passes, and fails when the process has ended.
func TestTheBinaryRunsAsInTheImage(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		t.Fatal("this test changes the root and the user: run it as root")
	}
	root := staticRoot(t)
	admin, port := harness.FreePort(t), harness.FreePort(t)
	writeText(t, filepath.Join(root, "etc/sluice/Caddyfile"), fmt.Sprintf(imageCaddyfile, admin, port, port))
	writeText(t, filepath.Join(root, "etc/hosts"), "127.0.0.1 localhost\n") // container runtimes write it
	writeText(t, filepath.Join(root, "etc/sluice/id"), harness.RootKey+"\n")
	writeText(t, filepath.Join(root, "etc/sluice/secret"), harness.RootSecret+"\n")
	inside := func(args ...string) *exec.Cmd {
		cmd := exec.Command("/usr/local/bin/sluice", args...)
		cmd.Dir = "/"
		cmd.Env = []string{"SLUICE_DATA_DIR=/data/sluice", "XDG_DATA_HOME=/data/caddy", "XDG_CONFIG_HOME=/data/caddy",
			"SLUICE_ROOT_ACCESS_KEY_ID_FILE=/etc/sluice/id", "SLUICE_ROOT_SECRET_ACCESS_KEY_FILE=/etc/sluice/secret"}
		cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: root, Credential: &syscall.Credential{Uid: 65532, Gid: 65532}, Pdeathsig: syscall.SIGKILL}
		return cmd
	}
	var log bytes.Buffer
	run := inside("run", "--config", "/etc/sluice/Caddyfile", "--adapter", "caddyfile")
	run.Stdout, run.Stderr = &log, &log
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- run.Wait() }()
	healthy := func() (string, error) {
		out, err := inside("healthcheck", "--address", fmt.Sprintf("localhost:%d", admin)).CombinedOutput()
		return string(out), err
	}
	for deadline := time.Now().Add(harness.Patience); ; time.Sleep(100 * time.Millisecond) {
		out, err := healthy()
		if err == nil {
			break
		}
		select {
		case err := <-ended:
			t.Fatalf("it ended: %v\n%s", err, log.String())
		default:
		}
		if time.Now().After(deadline) {
			t.Fatalf("it is not healthy: %v\n%s", err, out)
		}
	}
	if err := run.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Errorf("it ended with %v\n%s", err, log.String())
	}
	if strings.Contains(log.String(), harness.RootSecret) || strings.Contains(log.String(), "The administrator's key") {
		t.Error("the administrator's key from files was shown")
	}
	if out, err := healthy(); err == nil {
		t.Errorf("a process that has ended is healthy: %s", out)
	}
}

// staticRoot builds the binary as deploy/Dockerfile does into an empty root with the folders of the image.
func staticRoot(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	for dir := root; dir != "/tmp" && dir != "/"; dir = filepath.Dir(dir) { // others enter the root
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	binary := filepath.Join(root, "usr/local/bin/sluice")
	build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w -X github.com/caddyserver/caddy/v2.CustomVersion=v1.2.3", "-o", binary, "./cmd/sluice")
	build.Dir = harness.Root()
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building: %v\n%s", err, out)
	}
	file, err := elf.Open(binary)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, p := range file.Progs {
		if p.Type == elf.PT_INTERP {
			t.Error("the binary is not static")
		}
	}
	if out, err := exec.Command(binary, "version").Output(); err != nil || !strings.HasPrefix(string(out), "Sluice v1.2.3\nCaddy v2.") {
		t.Errorf("sluice version: %s %v", out, err)
	}
	for _, dir := range []string{"etc/sluice", "data"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chown(filepath.Join(root, "data"), 65532, 65532); err != nil {
		t.Fatal(err)
	}
	return root
}

// TestSystemdIsTold runs the binary as the unit does, with Type=notify: systemd hears when it is ready, reloads and stops.
func TestSystemdIsTold(t *testing.T) {
	t.Parallel()
	socket := filepath.Join(t.TempDir(), "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	s := harness.Start(t, harness.Config{Env: []string{"NOTIFY_SOCKET=" + socket}})
	hear(t, conn, "READY=1")
	s.Reload(t)
	hear(t, conn, "RELOADING=1")
	hear(t, conn, "READY=1")
	if err := s.Stop(); err != nil {
		t.Error(err)
	}
	hear(t, conn, "STOPPING=1")
}

// hear waits for a message with the text.
func hear(t *testing.T, conn *net.UnixConn, text string) {
	t.Helper()
	if err := conn.SetReadDeadline(time.Now().Add(harness.Patience)); err != nil {
		t.Fatal(err)
	}
	heard := make([]byte, 4096)
	for {
		n, err := conn.Read(heard)
		if err != nil {
			t.Fatalf("systemd never heard %s: %v", text, err)
		}
		if strings.Contains(string(heard[:n]), text) {
			return
		}
	}
}
