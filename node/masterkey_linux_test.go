package node_test

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/node"
)

// asNobody calls f on a thread without the rights of root, which ends with it.
func asNobody(t *testing.T, f func()) {
	t.Helper()
	if os.Getuid() != 0 {
		f()
		return
	}
	done := make(chan syscall.Errno)
	go func() {
		runtime.LockOSThread() // for good: no other goroutine gets the thread
		_, _, problem := syscall.RawSyscall(syscall.SYS_SETRESUID, 65534, 65534, 65534)
		if problem == 0 {
			f()
		}
		done <- problem
	}()
	if problem := <-done; problem != 0 {
		t.Fatal(problem)
	}
}

// A mounted secret cannot be replaced: each rotation would fail, and the operator would hear of it after weeks only.
func TestAScheduleForAMasterKeyThatIsMountedReadOnlyIsRefused(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "master-key")
	if err := os.WriteFile(file, []byte("MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=\n"), 0o640); err != nil {
		t.Fatal(err)
	}
	for folder, mode := range map[string]os.FileMode{dir: 0o555, filepath.Dir(dir): 0o755} { // nobody enters it
		if err := os.Chmod(folder, mode); err != nil {
			t.Fatal(err)
		}
	}
	for name, tc := range map[string]struct {
		keys []config.MasterKey
		env  string
	}{
		"by a variable":      {env: file},
		"by the settings":    {keys: []config.MasterKey{{Source: config.MasterKeyFile, File: file}}},
		"the first of two":   {keys: []config.MasterKey{{Source: config.MasterKeyFile, File: file}, {Source: config.MasterKeyFile}}},
		"the data directory": {},
	} {
		o := node.Options{ShowRootKey: func(string, string) {}, Config: config.App{DataDir: t.TempDir(), MasterKeys: tc.keys, KeyRotation: &config.KeyRotation{Sealing: config.Duration(720 * time.Hour)}},
			Env: func(name string) string {
				if name == "SLUICE_MASTER_KEY_FILE" {
					return tc.env
				}
				return ""
			}}
		var err error
		asNobody(t, func() { _, err = node.Read(o) })
		if refused := name != "the data directory"; refused != (err != nil && strings.Contains(err.Error(), "sealing: Sluice cannot replace the master key "+file+": this process may not write to the folder "+dir)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
