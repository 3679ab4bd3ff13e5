package command_test

import (
	"strings"
	"testing"
)

func TestALineWithoutAnEndIsLoggedWhenTheProcessEnds(t *testing.T) {
	w := start(t, "")
	w.want(t, "unfinished", "1")
	if err := w.Close(); err != nil { // all output has been read
		t.Fatal(err)
	}
	if !strings.Contains(w.log.String(), "msg=unfinished") {
		t.Error(w.log.String())
	}
}
