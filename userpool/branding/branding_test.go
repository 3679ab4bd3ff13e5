package branding_test

import (
	"testing"

	"github.com/sluicegate/sluice/userpool/branding"
)

func TestServiceNamesWhatItLacks(t *testing.T) {
	if _, err := branding.New(branding.ServiceOptions{}); err == nil {
		t.Error("New without dependencies returned no error")
	}
}
