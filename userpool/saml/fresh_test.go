package saml_test

import (
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"

	"github.com/sluicegate/sluice/userpool/providers"
)

func TestARecentSignInIsAskedForAndChecked(t *testing.T) {
	w := newWorld(t)
	const text = "The user signed in at the identity provider earlier than max_age or prompt=login allow."
	for name, tc := range map[string]struct {
		prompt []string
		maxAge *int
		age    time.Duration // of the sign-in; negative for none
		force  bool
		ok     bool
	}{
		"nothing is asked":         {nil, nil, 5 * time.Hour, false, true},
		"an account is chosen":     {[]string{"select_account"}, nil, 5 * time.Hour, false, true},
		"max_age, old":             {nil, new(60), 5 * time.Hour, true, false},
		"max_age, young":           {nil, new(60), time.Minute, true, true},
		"max_age, it does not say": {nil, new(60), -1, true, false},
		"a new sign-in, old":       {[]string{"login"}, nil, 5 * time.Minute, true, false},
		"a new sign-in, new":       {[]string{"login"}, nil, 0, true, true},
		"both":                     {[]string{"login"}, new(3600), 5 * time.Minute, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			q := &providers.Question{Base: base, State: "s", Asked: w.Clock.Now(), Prompt: tc.prompt, MaxAge: tc.maxAge}
			location, err := w.SAML.Ask(t.Context(), w.provider, q)
			if err != nil {
				t.Fatal(err)
			}
			if got := inflate(t, address(t, location), "SAMLRequest"); strings.Contains(got, ` ForceAuthn="true"`) != tc.force {
				t.Error(got)
			}
			a := w.answer(q)
			a.AssertionID = "_" + strings.ReplaceAll(name, " ", "-")
			a.BeforeSigning = func(root *etree.Element) {
				statement := root.FindElement("//AuthnStatement")
				if statement.RemoveAttr("AuthnInstant"); tc.age >= 0 {
					statement.CreateAttr("AuthnInstant", w.Clock.Now().Add(-tc.age).UTC().Format(time.RFC3339))
				}
			}
			if !tc.ok {
				refused(t, w, q, a, text)
				return
			}
			proof, err := w.read(w.provider, q, a)
			if err != nil || !proof.At.Equal(w.Clock.Now().Add(-tc.age).Truncate(time.Second)) {
				t.Errorf("%+v, %v", proof, err)
			}
		})
	}
	// A provider that begins a sign-in itself cannot make an old one new.
	old := newWorld(t, "IDPInit", "true")
	q := &providers.Question{Base: base, Unsolicited: true, Asked: old.Clock.Now(), MaxAge: new(60)}
	a := old.answer(q)
	a.BeforeSigning = func(root *etree.Element) {
		root.FindElement("//AuthnStatement").CreateAttr("AuthnInstant", old.Clock.Now().Add(-time.Hour).UTC().Format(time.RFC3339))
	}
	refused(t, old, q, a, text)
}
