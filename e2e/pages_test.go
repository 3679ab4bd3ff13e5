package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/e2e/harness"
)

var (
	desktop = harness.Screen{Width: 1280, Height: 800}
	phone   = harness.Screen{Width: 375, Height: 740, Phone: true}
)

// gallery builds and starts the command that serves every login page in every state, and returns its address and the pages' names.
func gallery(t *testing.T) (address string, names []string) {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "gallery")
	build := exec.Command("go", "build", "-o", bin, "./server/login/pages/gallery")
	build.Dir = harness.Root()
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building the gallery: %v\n%s", err, out)
	}
	p := harness.Run(t, harness.Root(), nil, bin, "-listen", "127.0.0.1:0")
	p.Await(t, func() bool { return strings.Contains(p.Log(), "\n") })
	address = strings.Replace(strings.TrimSpace(p.Log()), "127.0.0.1", "localhost", 1) // passkeys want a name
	index, err := exec.Command("curl", "-sS", "--fail", address).Output()
	if err != nil {
		t.Fatalf("GET %s: %v", address, err)
	}
	for _, m := range regexp.MustCompile(`/sample/([a-z-]+)"`).FindAllSubmatch(index, -1) {
		names = append(names, string(m[1]))
	}
	if len(names) < 50 {
		t.Fatalf("the gallery lists %d pages", len(names))
	}
	return address, names
}

// violation is what axe-core finds.
type violation struct {
	ID, Help string
	Nodes    []struct{ HTML, FailureSummary string }
}

// audit runs axe-core on the page that the browser shows, which must not scroll sideways either.
func audit(t *testing.T, b *harness.Browser, path string) {
	t.Helper()
	axe, err := os.ReadFile(filepath.Join("axe", "node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		t.Fatalf("no axe-core: run scripts/install-tools.sh (%v)", err)
	}
	b.Evaluate(string(axe), nil)
	var found []violation
	b.Evaluate(`axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }).then((r) => r.violations.map((v) =>
		({ id: v.id, help: v.help, nodes: v.nodes.map((n) => ({ html: n.html, failureSummary: n.failureSummary })) })))`, &found)
	for _, v := range found {
		for _, n := range v.Nodes {
			t.Errorf("%s: %s: %s\n%s\n%s", path, v.ID, v.Help, n.HTML, n.FailureSummary)
		}
	}
	var wide bool
	b.Evaluate(`document.documentElement.scrollWidth > document.documentElement.clientWidth`, &wide)
	if wide {
		t.Errorf("%s scrolls sideways", path)
	}
}

// Pages that differ in their text only are checked once.
var sameLook = regexp.MustCompile(`^(done|problem)-`)

func TestLoginPagesHaveNoAccessibilityViolations(t *testing.T) {
	address, names := gallery(t)
	b := harness.StartBrowser(t, address)
	check := func(t *testing.T, path string) {
		t.Helper()
		b.Visit(address + path)
		audit(t, b, path)
	}
	for _, screen := range []harness.Screen{desktop, phone} {
		for _, scheme := range []string{"light", "dark"} {
			b.Show(screen, map[string]string{"prefers-color-scheme": scheme})
			t.Run(fmt.Sprintf("%s at %d pixels", scheme, screen.Width), func(t *testing.T) {
				seen := map[string]bool{}
				for _, name := range names {
					if look := sameLook.FindString(name); look == "" || !seen[look] {
						seen[look] = true
						check(t, "/sample/"+name+"?lang=en")
					}
				}
				for _, query := range []string{"lang=ar", "lang=de", "lang=ja", "lang=en&version=1"} {
					check(t, "/sample/sign-up-wrong?"+query)
				}
			})
		}
	}
}
