package breach_test

import (
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/userpool/breach"
)

func hashes(n int) (list []string) {
	for i := range n {
		sum := sha1.Sum(fmt.Appendf(nil, "known-%d", i))
		list = append(list, strings.ToUpper(hex.EncodeToString(sum[:])))
	}
	slices.Sort(list)
	return list
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestEveryPasswordOfTheListIsFoundAndNoOther(t *testing.T) {
	t.Parallel()
	const n = 300
	list := hashes(n)
	for name, make := range map[string]func(dir string) string{
		"a file with counts": func(dir string) string {
			var b strings.Builder
			for i, h := range list {
				fmt.Fprintf(&b, "%s:%d\r\n", h, i*i*i+1)
			}
			write(t, filepath.Join(dir, "list"), b.String())
			return filepath.Join(dir, "list")
		},
		"a file in lower case without the last line end": func(dir string) string {
			write(t, filepath.Join(dir, "list"), strings.ToLower(strings.Join(list, "\n")))
			return filepath.Join(dir, "list")
		},
		"a folder of prefixes": func(dir string) string {
			for i, h := range list {
				suffix := []string{"", ".txt"}[i%2]
				write(t, filepath.Join(dir, h[:5]+suffix), "000000000000000000000000000000000AA:1\n"+h[5:]+":7\n")
			}
			return dir
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, err := breach.Open(make(t.TempDir()))
			if err != nil {
				t.Fatal(err)
			}
			for i := range n + 50 {
				found, err := l.Contains(fmt.Sprintf("known-%d", i))
				if err != nil || found != (i < n) {
					t.Errorf("known-%d: %v, %v", i, found, err)
				}
			}
		})
	}
}

func TestAListThatIsNotOneIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"passwords":  "password\nletmein\n",
		"long lines": strings.Repeat("x", 5000),
		"short":      "0018A45C4D1DEF81644B54AB7F969B88D6:3\n",
	} {
		path := filepath.Join(dir, name)
		write(t, path, text)
		if _, err := breach.Open(path); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := breach.Open(filepath.Join(dir, "missing")); err == nil {
		t.Error("a missing file: no error")
	}
	write(t, filepath.Join(dir, "empty"), "")
	l, err := breach.Open(filepath.Join(dir, "empty"))
	if err != nil {
		t.Fatal(err)
	}
	if found, err := l.Contains("password"); found || err != nil {
		t.Error(found, err)
	}
}
