//go:build unix

package lease_test

import (
	"bufio"
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/sluicegate/sluice/store/lease"
	"github.com/sluicegate/sluice/store/sqlite"
)

// holderFile names the store of a process of TestAnotherProcessTakesTheWorkOfOneThatWasKilled, which takes the lease and never ends.
const holderFile = "SLUICE_TEST_LEASE_FILE"

// holderLife is the life of its lease.
const holderLife = 5 * time.Second

func TestMain(m *testing.M) {
	if path := os.Getenv(holderFile); path != "" {
		hold(path)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// hold takes the lease, says so, and works without end.
func hold(path string) {
	st, err := sqlite.Open(sqlite.Options{Path: path})
	if err == nil {
		var k *lease.Keeper
		if k, err = lease.New(lease.Options{Store: st, Now: time.Now, Rand: rand.Reader, Life: holderLife}); err == nil {
			_, err = k.Do(context.Background(), "sweep", hour, func(ctx context.Context) error {
				fmt.Println("working")
				<-ctx.Done()
				return ctx.Err()
			})
		}
	}
	fmt.Println(err)
}

// The holder is killed with kill -9. Another process does the work when the lease has ended.
func TestAnotherProcessTakesTheWorkOfOneThatWasKilled(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	p := start(t, path, time.Now)
	holder := exec.Command(os.Args[0])
	holder.Env = append(os.Environ(), holderFile+"="+path)
	out, err := holder.StdoutPipe()
	if err == nil {
		err = holder.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "working\n" {
		t.Fatalf("the holder says %q, %v", line, err)
	}
	if err := holder.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = holder.Wait() // it was killed
	killed := time.Now()
	for ran := false; !ran; time.Sleep(20 * time.Millisecond) {
		if ran, err = do(t, p, nothing); err != nil {
			t.Fatal(err)
		}
		if time.Since(killed) > time.Minute {
			t.Fatal("nobody takes over")
		}
	}
	t.Logf("measured: taken over %s after the kill, of a lease of %s", time.Since(killed).Round(time.Millisecond), holderLife)
}
