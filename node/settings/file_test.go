package settings_test

import (
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/node/settings"
)

// A device says that it has no bytes, and has no end.
func TestAFileWithoutAnEndIsRefused(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no such device")
	}
	if _, err := os.Stat("/dev/zero"); err != nil {
		t.Skip(err)
	}
	if _, err := settings.ReadFile("/dev/zero"); err == nil || !strings.Contains(err.Error(), "more than 1048576 bytes") {
		t.Error(err)
	}
}
