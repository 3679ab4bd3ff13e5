package settings_test

import (
	"runtime"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/node/settings"
)

// A device says that it has no bytes, and has no end.
func TestAFileWithoutAnEndIsRefused(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no /dev/zero")
	}
	if _, err := settings.ReadFile("/dev/zero"); err == nil || !strings.Contains(err.Error(), "more than 1048576 bytes") {
		t.Error(err)
	}
}
