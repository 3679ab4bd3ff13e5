package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"time"

	"github.com/sluicegate/sluice/bench/proc"
)

// runDev compares the start of "sluice dev", until it has printed its variables and serves, with that of plain Caddy, until it answers.
func runDev(binary string, rounds int) error {
	dir, err := os.MkdirTemp("", "sluice-bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	ports, err := proc.FreePorts(1)
	if err != nil {
		return err
	}
	bareURL := fmt.Sprintf("http://127.0.0.1:%d", ports[0])
	bareFile := fmt.Sprintf("{\n\tadmin off\n}\n%s {\n\trespond \"hello\"\n}\n", bareURL)
	var caddy, dev, devCPU []float64
	for range rounds {
		bare, took, err := start(binary, dir, "bare", bareFile, bareURL+"/")
		if err != nil {
			return err
		}
		bare.stop()
		caddy = append(caddy, float64(took)/1e6)
		took, cpu, err := startDev(binary)
		if err != nil {
			return err
		}
		dev, devCPU = append(dev, float64(took)/1e6), append(devCPU, float64(cpu)/1e6)
	}
	fmt.Println("| start, median | plain Caddy | sluice dev | ratio | computing of sluice dev, its end included |\n| --- | --- | --- | --- | --- |")
	fmt.Printf("| %d rounds | %.0f ms | %.0f ms | %.2f | %.0f ms |\n", rounds, median(caddy), median(dev), median(dev)/median(caddy), median(devCPU))
	return nil
}

// startDev returns how long "sluice dev" took until it served, and the time of processors that it used until it had ended.
func startDev(binary string) (took, cpu time.Duration, err error) {
	cmd := exec.Command(binary, "dev", "--json")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return 0, 0, err
	}
	begin := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, 0, err
	}
	_, err = bufio.NewReader(out).ReadString('\n')
	took = time.Since(begin)
	(&process{cmd}).stop()
	if err != nil {
		return 0, 0, fmt.Errorf("sluice dev did not start: %w", err)
	}
	return took, cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), nil
}
