package csrf_test

import (
	"crypto/rand"
	"testing"

	"github.com/sluicegate/sluice/seal"
	"github.com/sluicegate/sluice/server/csrf"
)

func newGuard(t *testing.T, purpose string) csrf.Guard {
	t.Helper()
	key, err := seal.NewMasterKey([]byte("a master key for tests, 32 bytes"))
	if err != nil {
		t.Fatal(err)
	}
	box, err := seal.New(seal.Options{Keys: []seal.Key{key}})
	if err != nil {
		t.Fatal(err)
	}
	return csrf.Guard{Box: box, Random: rand.Reader, Purpose: purpose}
}

func newSecret(t *testing.T) string {
	t.Helper()
	secret, err := csrf.NewSecret(rand.Reader)
	if err != nil || !csrf.IsSecret(secret) {
		t.Fatal(secret, err)
	}
	return secret
}

func TestATokenIsGoodForItsBrowserAndPageOnly(t *testing.T) {
	guard, secret := newGuard(t, "login"), newSecret(t)
	token, err := guard.Token(secret, "pool", "page")
	if err != nil {
		t.Fatal(err)
	}
	again, err := guard.Token(secret, "pool", "page")
	if err != nil || again == token {
		t.Error("two tokens are equal", err)
	}
	for name, test := range map[string]struct {
		guard         csrf.Guard
		token, secret string
		parts         []string
		ok            bool
	}{
		"the form as it was sent":   {guard, token, secret, []string{"pool", "page"}, true},
		"another token of the form": {guard, again, secret, []string{"pool", "page"}, true},
		"another browser":           {guard, token, newSecret(t), []string{"pool", "page"}, false},
		"no browser":                {guard, token, "", []string{"pool", "page"}, false},
		"another page":              {guard, token, secret, []string{"pool", "other"}, false},
		"parts moved":               {guard, token, secret, []string{"poolp", "age"}, false},
		"a part less":               {guard, token, secret, []string{"pool"}, false},
		"another purpose":           {newGuard(t, "console"), token, secret, []string{"pool", "page"}, false},
		"no token":                  {guard, "", secret, []string{"pool", "page"}, false},
		"half a token":              {guard, token[:43], secret, []string{"pool", "page"}, false},
		"no base64":                 {guard, "!" + token[1:], secret, []string{"pool", "page"}, false},
		"a changed token":           {guard, "AAAA" + token[4:], secret, []string{"pool", "page"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			if test.guard.Match(test.token, test.secret, test.parts...) != test.ok {
				t.Errorf("it is %t", !test.ok)
			}
		})
	}
}

func TestATokenOfNoBrowserIsNeverGood(t *testing.T) {
	guard := newGuard(t, "login")
	token, err := guard.Token("")
	if err != nil || guard.Match(token, "") {
		t.Error("a form without a browser is taken", err)
	}
}

func TestSecretsHaveOneForm(t *testing.T) {
	for _, s := range []string{"", "x", newSecret(t) + "A", newSecret(t)[1:], newSecret(t)[:42] + "="} {
		if csrf.IsSecret(s) {
			t.Errorf("%q is a secret", s)
		}
	}
}
