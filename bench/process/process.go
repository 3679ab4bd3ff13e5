package main

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"github.com/sluicegate/sluice/bench/proc"
)

func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	return v[len(v)/2]
}

type process struct{ cmd *exec.Cmd }

// start runs the binary with the Caddyfile, waits until probe answers 200 and returns how long that took.
func start(binary, dir, name, caddyfile, probe string, env ...string) (*process, time.Duration, error) {
	path := filepath.Join(dir, name+".caddyfile")
	if err := os.WriteFile(path, []byte(caddyfile), 0o600); err != nil {
		return nil, 0, err
	}
	logFile, err := os.Create(filepath.Join(dir, name+".log"))
	if err != nil {
		return nil, 0, err
	}
	defer logFile.Close()
	cmd := exec.Command(binary, "run", "--config", path, "--adapter", "caddyfile")
	cmd.Stdout, cmd.Stderr = logFile, logFile
	cmd.Env = append(os.Environ(), "SLUICE_ROOT_ACCESS_KEY_ID="+rootKey, "SLUICE_ROOT_SECRET_ACCESS_KEY="+rootSecret)
	cmd.Env = append(cmd.Env, env...)
	begin := time.Now()
	if err := cmd.Start(); err != nil {
		return nil, 0, err
	}
	for time.Since(begin) < 2*time.Minute {
		if response, err := http.Get(probe); err == nil {
			response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return &process{cmd}, time.Since(begin), nil
			}
		}
		time.Sleep(5 * time.Millisecond)
	}
	text, _ := os.ReadFile(logFile.Name())
	_ = cmd.Process.Kill()
	return nil, 0, fmt.Errorf("%s did not start:\n%s", name, text)
}

func (p *process) stop() {
	_ = p.cmd.Process.Signal(os.Interrupt)
	_ = p.cmd.Wait()
}

// memory returns the resident memory in MiB.
func (p *process) memory() (float64, error) { return proc.Memory(p.cmd.Process.Pid) }

// cpu returns the time in seconds that the process has run so far.
func (p *process) cpu() (float64, error) { return proc.CPU(p.cmd.Process.Pid) }
