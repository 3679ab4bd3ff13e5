package deploycheck

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestTheUnitIsValidAndConfined has systemd read the unit. The exposure level goes from 0 to 10; a unit without options has 9.6.
func TestTheUnitIsValidAndConfined(t *testing.T) {
	program := filepath.Join(t.TempDir(), "sluice") // systemd looks whether it can be run
	if err := os.WriteFile(program, []byte("#!/bin/sh\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	unit := filepath.Join(t.TempDir(), "sluice.service")
	text := strings.ReplaceAll(read(t, "../../deploy/systemd/sluice.service"), "/usr/local/bin/sluice", program)
	if err := os.WriteFile(unit, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"verify", "--man=no", "--recursive-errors=no", unit},
		{"security", "--offline=yes", "--threshold=20", unit},
	} {
		out, err := exec.Command("systemd-analyze", args...).CombinedOutput()
		if err != nil {
			t.Errorf("systemd-analyze %s: %v\n%s", args[0], err, out)
		}
		for _, line := range strings.Split(string(out), "\n") {
			if args[0] == "verify" && strings.Contains(line, unit) {
				t.Error(line) // an unknown option is only a warning
			}
			if strings.Contains(line, "Overall exposure") {
				t.Log(strings.TrimSpace(line))
			}
		}
	}
}
