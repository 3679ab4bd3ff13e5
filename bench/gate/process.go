package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"

	"github.com/sluicegate/sluice/bench/proc"
)

// process is a server that is measured.
type process struct{ cmd *exec.Cmd }

// start runs the binary with the Caddyfile and returns when it listens on port. header is added to what respond answers, in
// the JSON that the Caddyfile is adapted to: respond has no option for it in a Caddyfile.
func start(binary, dir, name, caddyfile string, port int, header map[string][]string) (*process, error) {
	path := filepath.Join(dir, name+".json")
	if err := os.WriteFile(filepath.Join(dir, name+".caddyfile"), []byte(caddyfile), 0o600); err != nil {
		return nil, err
	}
	settings, err := exec.Command(binary, "adapt", "--config", filepath.Join(dir, name+".caddyfile"), "--adapter", "caddyfile").Output()
	if err != nil {
		return nil, fmt.Errorf("adapting the Caddyfile of %s: %w", name, err)
	}
	if len(header) > 0 {
		fields, err := json.Marshal(header)
		if err != nil {
			return nil, err
		}
		respond := []byte(`"handler":"static_response"`)
		if bytes.Count(settings, respond) != 1 {
			return nil, fmt.Errorf("the settings of %s have no place for the header", name)
		}
		settings = bytes.Replace(settings, respond, append(append(respond, `,"headers":`...), fields...), 1)
	}
	if err := os.WriteFile(path, settings, 0o600); err != nil {
		return nil, err
	}
	logFile, err := os.Create(filepath.Join(dir, name+".log"))
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(binary, "run", "--config", path)
	if runtime.NumCPU() > 1 {
		cmd = exec.Command("taskset", append([]string{"-c", "0"}, cmd.Args...)...)
	}
	cmd.Stdout, cmd.Stderr = logFile, logFile
	cmd.Env = append(os.Environ(), "SLUICE_DATA_DIR="+filepath.Join(dir, name))
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	for range 200 {
		if conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			conn.Close()
			time.Sleep(500 * time.Millisecond) // the key set is fetched in the background
			return &process{cmd}, nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	text, _ := os.ReadFile(logFile.Name())
	_ = cmd.Process.Kill()
	return nil, fmt.Errorf("%s did not start:\n%s", name, text)
}

func (p *process) stop() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
}

// memory returns the resident memory in MiB.
func (p *process) memory() (float64, error) { return proc.Memory(p.cmd.Process.Pid) }

// cpu returns the time in seconds that the process has run so far.
func (p *process) cpu() (float64, error) { return proc.CPU(p.cmd.Process.Pid) }

func serve(h http.Handler) (addr string, err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	go func() { _ = http.Serve(listener, h) }()
	return listener.Addr().String(), nil
}
