package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/e2e/harness"
)

func TestShots(t *testing.T) {
	address, _ := gallery(t)
	b := harness.StartBrowser(t, address)
	for _, line := range strings.Fields(os.Getenv("SHOTS")) {
		p := strings.Split(line, ",") // name,page,scheme,screen
		s := desktop
		if p[3] == "phone" {
			s = phone
		}
		b.Show(s, map[string]string{"prefers-color-scheme": p[2]})
		b.Visit(address + "/sample/" + p[1])
		if len(p) > 4 {
			b.Evaluate(p[4], nil)
		}
		ok(t, os.WriteFile(filepath.Join("/tmp/shots", p[0]+".png"), b.Screenshot(true), 0o644))
	}
}
