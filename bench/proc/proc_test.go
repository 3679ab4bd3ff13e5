package proc_test

import (
	"os"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/sluicegate/sluice/bench/proc"
)

func TestCPUCountsThreadsThatEnded(t *testing.T) {
	usage := func() time.Duration {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			t.Fatal(err)
		}
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	for begin := usage(); usage()-begin < 200*time.Millisecond; {
		ended := make(chan bool)
		go func() {
			defer close(ended)
			runtime.LockOSThread() // the thread ends with the goroutine
			for n, end := 0, time.Now().Add(20*time.Millisecond); time.Now().Before(end); n++ {
			}
		}()
		<-ended
	}
	least := usage().Seconds()
	got, err := proc.CPU(os.Getpid())
	if err != nil || got < least*0.9 {
		t.Errorf("%f s of %f s, %v", got, least, err)
	}
}

func TestMemory(t *testing.T) {
	if m, err := proc.Memory(os.Getpid()); err != nil || m < 0.5 || m > 1000 {
		t.Errorf("%f MiB, %v", m, err)
	}
}
