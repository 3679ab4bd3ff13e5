package storetest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/sluicegate/sluice/store"
)

const killEnv = "SLUICE_STORETEST_KILL"

// SurvivesKill tests that acknowledged writes survive kill -9. It runs the calling test again in another process, which
// writes from many goroutines to the store that open returns for dir, and reports every acknowledged write. After 300 of
// them SurvivesKill kills the process and checks that all acknowledged writes are complete. The calling test must not do
// anything before this call.
func SurvivesKill(t *testing.T, open func(tb testing.TB, dir string) store.Store) {
	if dir := os.Getenv(killEnv); dir != "" {
		writeUntilKilled(t, open(t, dir))
		return
	}
	dir := t.TempDir()
	acknowledged := make(map[string]bool)
	for round := range 2 {
		for _, name := range runAndKill(t, dir, round, 300) {
			acknowledged[name] = true
		}
		st := open(t, dir)
		view(t, st, func(tx store.Tx) error {
			for name := range acknowledged {
				u, err := tx.Users.ByKey(pool1, name)
				if err != nil {
					t.Errorf("round %d: user %s was acknowledged: %v", round, name, err)
					continue
				}
				if _, err := tx.RefreshTokens.Get(name); err != nil {
					t.Errorf("round %d: token of %s: %v", round, u.Username, err)
				}
			}
			// Writes that were not acknowledged may be stored, but only completely.
			users, err := tx.Users.List(pool1, nil, store.Page{})
			for _, u := range users {
				if _, err := tx.RefreshTokens.Get(u.Username); err != nil {
					t.Errorf("round %d: half a write of %s: %v", round, u.Username, err)
				}
			}
			return err
		})
		if err := st.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	}
}

// runAndKill starts the writing process and kills it after want acknowledgements. It returns the names that the process
// acknowledged until its end.
func runAndKill(t *testing.T, dir string, round, want int) (names []string) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.count=1")
	cmd.Env = append(os.Environ(), killEnv+"="+dir, fmt.Sprintf("%s_ROUND=%d", killEnv, round))
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadString('\n')
		if err != nil { // a line without its end does not count
			if !errors.Is(err, io.EOF) {
				t.Errorf("reading the writer: %v", err)
			}
			break
		}
		name, ok := strings.CutPrefix(strings.TrimSpace(line), "ack ")
		if !ok {
			continue
		}
		if names = append(names, name); len(names) == want {
			if err := cmd.Process.Kill(); err != nil {
				t.Errorf("kill: %v", err)
			}
		}
	}
	if err := cmd.Wait(); err == nil || len(names) < want {
		t.Fatalf("the writer ended after %d writes, before it was killed: %v\n%s", len(names), err, stderr.String())
	}
	return names
}

// writeUntilKilled writes users with a refresh token each, and prints a line for every acknowledged write.
func writeUntilKilled(t *testing.T, st store.Store) {
	round := os.Getenv(killEnv + "_ROUND")
	if round == "0" {
		update(t, st, func(tx store.Tx) error {
			return errors.Join(tx.Pools.Insert(pool(pool1)), tx.Clients.Insert(client(pool1, client1)))
		})
	}
	var mu sync.Mutex
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := 0; i < 1_000_000; i++ {
				name := fmt.Sprintf("u-%s-%d-%d", round, w, i)
				if err := st.Update(context.Background(), func(tx store.Tx) error {
					return errors.Join(tx.Users.Insert(user(pool1, name, name)), tx.RefreshTokens.Insert(token(name, name)))
				}); err != nil {
					t.Errorf("update: %v", err)
					return
				}
				mu.Lock()
				fmt.Printf("ack %s\n", name)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
}
