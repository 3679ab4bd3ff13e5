package sluice

import (
	"errors"
	"os/exec"
	"testing"
)

// No file has a private key, or a path of a home directory.
func TestNoPathsOfSomebodysMachine(t *testing.T) {
	out, err := exec.Command("git", "grep", "-nIE", `(/hom[e]/|/User[s]/|/roo[t]/|BEGIN [A-Z ]*PRIVATE KE[Y])`, "--", ".", ":!go.sum", ":!*/testdata/*").Output()
	var none *exec.ExitError
	if err != nil && (!errors.As(err, &none) || none.ExitCode() != 1) {
		t.Fatalf("git grep: %v", err)
	}
	if len(out) > 0 {
		t.Errorf("paths or keys in the tree:\n%s", out)
	}
}
