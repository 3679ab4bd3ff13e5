package caddymodule

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestAMasterKeyThatNoStartWouldTakeIsNotValid(t *testing.T) {
	e := newEdge(t)
	e.poolFiles(t)
	load := func(want string) {
		t.Helper()
		if err := e.tryLoad(poolBlock, "http://:%PORT% {\n"+poolSite+"\n}\n"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q: %v", want, err)
		}
	}
	t.Setenv("SLUICE_MASTER_KEY_FILE", filepath.Join(e.dir, "none"))
	load("SLUICE_MASTER_KEY_FILE: master key: there is no file")
	t.Setenv("SLUICE_MASTER_KEY_FILE", e.file(t, "empty", ""))
	load("SLUICE_MASTER_KEY_FILE: ")
	t.Setenv("SLUICE_MASTER_KEY", strings.Repeat("A", 43)+"=")
	load("are both set; set one of them")
}
