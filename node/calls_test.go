package node

import (
	"testing"
	"time"
)

func TestServicesWaitForCallsUpToALimit(t *testing.T) {
	var c calls
	if !c.begin() || c.close(time.Millisecond) {
		t.Error("close did not wait for the call")
	}
	if c.begin() {
		t.Error("a call was admitted after close")
	}
	c.end()
	var idle calls
	if !idle.close(time.Minute) {
		t.Error("close waited although nothing was being answered")
	}
}
