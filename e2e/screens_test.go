package e2e

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/sluicegate/sluice/e2e/harness"
)

// window is the size of the screenshots of desktop browsers, which are kept small.
var window = harness.Screen{Width: 960, Height: 760}

// screens are the pages that docs/managed-login.md shows.
var screens = []struct {
	file, page, scheme string
	screen             harness.Screen
}{
	{"sign-in", "sign-in-providers?lang=en", "light", window},
	{"sign-in-dark", "sign-in-providers?lang=en", "dark", window},
	{"sign-in-phone", "sign-in?lang=en", "light", phone},
	{"providers", "sign-in-providers-every?lang=en", "light", harness.Screen{Width: 960, Height: 960}},
	{"sign-in-wrong", "sign-in-wrong?lang=en", "light", window},
	{"sign-in-arabic", "sign-in-providers?lang=ar", "light", phone},
	{"sign-in-classic", "sign-in-password?lang=en&version=1", "light", window},
	{"choose", "choose-factor?lang=en", "light", window},
	{"choose-dark", "choose-factor?lang=de", "dark", phone},
	{"password", "password?lang=en", "light", window},
	{"code", "code-email?lang=en", "light", window},
	{"code-wrong", "code-wrong?lang=de", "dark", phone},
	{"passkey", "add-passkey?lang=en", "light", window},
	{"authenticator", "totp?lang=en", "light", harness.Screen{Width: 960, Height: 960}},
	{"sign-up", "sign-up?lang=en", "light", window},
	{"sign-up-wrong", "sign-up-wrong?lang=en", "light", harness.Screen{Width: 375, Height: 860, Phone: true}},
	{"reset", "reset?lang=ja", "light", harness.Screen{Width: 960, Height: 860}},
	{"accounts", "accounts?lang=en", "light", window},
	{"device", "allow?lang=en", "light", harness.Screen{Width: 960, Height: 860}},
	{"consent", "consent?lang=en", "light", harness.Screen{Width: 960, Height: 860}},
	{"signed-out", "done-signedout?lang=en", "dark", phone},
	{"problem", "problem-redirect?lang=en", "light", window},
}

const largest = 60 << 10 // bytes of a screenshot

// The screenshots are written with -update. They are for people to look at: fonts differ between machines.
func TestDocumentShowsScreenshotsOfLoginPages(t *testing.T) {
	folder := filepath.Join(harness.Root(), "docs", "screens")
	if *update {
		ok(t, os.MkdirAll(folder, 0o755))
		address, _ := gallery(t)
		b := harness.StartBrowser(t, address)
		for _, s := range screens {
			b.Show(s.screen, map[string]string{"prefers-color-scheme": s.scheme})
			b.Visit(address + "/sample/" + s.page)
			ok(t, os.WriteFile(filepath.Join(folder, s.file+".png"), b.Screenshot(false), 0o644))
		}
	}
	document, err := os.ReadFile(filepath.Join(harness.Root(), "docs", "managed-login.md"))
	ok(t, err)
	for _, s := range screens {
		if !bytes.Contains(document, []byte("screens/"+s.file+".png")) {
			t.Errorf("docs/managed-login.md does not show screens/%s.png", s.file)
		}
		info, err := os.Stat(filepath.Join(folder, s.file+".png"))
		if err != nil {
			t.Errorf("%v: run this test with -update", err)
		} else if info.Size() > largest {
			t.Errorf("%s.png has %d bytes", s.file, info.Size())
		}
	}
}
