// Package proc measures processes of this machine, for the benchmarks. It needs Linux.
package proc

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Memory returns the resident memory of a process in MiB, without mapped files, which processes share.
func Memory(pid int) (float64, error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(raw)) {
		if rest, ok := strings.CutPrefix(line, "RssAnon:"); ok {
			kb, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
			return kb / 1024, err
		}
	}
	return 0, fmt.Errorf("no RssAnon in %s", raw)
}

// CPU returns the time in seconds that the threads of a process have run so far, those that have ended too.
func CPU(pid int) (float64, error) {
	const scheduler = 2 // CPUCLOCK_SCHED of the kernel: the clock of all threads of a process; see clock_getcpuclockid(3)
	var t unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|scheduler), &t); err != nil { //nolint:gosec // G115: a pid is at most 4,194,304
		return 0, fmt.Errorf("reading the CPU clock of process %d: %w", pid, err)
	}
	return time.Duration(t.Nano()).Seconds(), nil
}

// FreePorts returns TCP ports that are free on 127.0.0.1.
func FreePorts(n int) ([]int, error) {
	ports := make([]int, n)
	for k := range ports {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close()
		ports[k] = l.Addr().(*net.TCPAddr).Port
	}
	return ports, nil
}
