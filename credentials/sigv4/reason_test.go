package sigv4

import (
	"regexp"
	"testing"
)

func TestReasonsHaveNamesForMetrics(t *testing.T) {
	if got := Malformed.Name(); !regexp.MustCompile(`^signature_[a-z_]+$`).MatchString(got) {
		t.Errorf("the name is %q", got)
	}
	if got, want := Reason(255).Name(), Reason(0).Name(); got != want {
		t.Errorf("no reason has the name %q, want %q", got, want)
	}
}
