package e2e

import (
	"os"
	"testing"

	"github.com/sluicegate/sluice/e2e/harness"
)

func TestMain(m *testing.M) { os.Exit(harness.Main(m.Run)) }
