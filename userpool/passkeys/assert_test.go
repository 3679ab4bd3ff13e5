package passkeys_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/passkeys"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

func TestAPasskeySignsItsUserIn(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*userpooltest.Authenticator){
		"ES256":                func(*userpooltest.Authenticator) {},
		"RS256":                func(a *userpooltest.Authenticator) { a.UseRSA(2048) },
		"it counts":            func(a *userpooltest.Authenticator) { a.Count, a.Step = 7, 1 },
		"synced":               func(a *userpooltest.Authenticator) { a.Flags |= userpooltest.BackupEligible | userpooltest.BackedUp },
		"without verification": func(a *userpooltest.Authenticator) { a.Flags = userpooltest.UserPresent },
		"at the relying party": func(a *userpooltest.Authenticator) { a.Origin = "https://example.com" },
		"at another port":      func(a *userpooltest.Authenticator) { a.Origin = "https://a.b.example.com:8443" },
		"with a device attestation": func(a *userpooltest.Authenticator) {
			a.Change = func(c *userpooltest.Credential) {
				if c.Object != nil {
					c.Object = userpooltest.Attested(a.T, c.AuthData)
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, example)
			ada := d.person("ada")
			a := userpooltest.NewAuthenticator(t, origin)
			change(a)
			if err := d.register(ada, a); err != nil {
				t.Fatal(err)
			}
			for range 2 {
				if !d.signsIn("ada", a) {
					t.Error("refused")
				}
			}
			a.Handle = nil // clients may leave it out
			if !d.signsIn("ada", a) {
				t.Error("refused without a user handle")
			}
		})
	}
}

func TestTheOptionsOfASignInAreAWSs(t *testing.T) {
	t.Parallel()
	d := newDesk(t, `{"RelyingPartyId": "example.com", "UserVerification": "required"}`)
	ada := d.person("ada")
	a := d.mustRegister(ada)
	d.insert(ada, "old")
	options, challenge := d.ask("ada")
	want := fmt.Sprintf(`{"challenge":"%s","timeout":180000,"rpId":"example.com","allowCredentials":[`+
		`{"id":"%s","type":"public-key","transports":["internal"]},{"id":"b2xk","type":"public-key","transports":[]}],"userVerification":"required"}`,
		challenge.Text, base64.RawURLEncoding.EncodeToString(a.ID))
	other := fmt.Sprintf(`{"challenge":"%s","timeout":180000,"rpId":"example.com","allowCredentials":[`+
		`{"id":"b2xk","type":"public-key","transports":[]},{"id":"%s","type":"public-key","transports":["internal"]}],"userVerification":"required"}`,
		challenge.Text, base64.RawURLEncoding.EncodeToString(a.ID))
	if options != want && options != other { // registered at the same time, so ordered by ID
		t.Errorf("got  %s\nwant %s", options, want)
	}
}

func TestAWrongAnswerIsRefused(t *testing.T) {
	t.Parallel()
	d := newDesk(t, `{"RelyingPartyId": "example.com", "UserVerification": "required"}`)
	ada, bob := d.person("ada"), d.person("bob")
	bobs := d.mustRegister(bob)
	for name, change := range map[string]func(a *userpooltest.Authenticator){
		"another challenge":         func(a *userpooltest.Authenticator) { a.Challenge = "AAAA" },
		"an answer to registration": func(a *userpooltest.Authenticator) { a.Type = "webauthn.create" },
		"another origin":            func(a *userpooltest.Authenticator) { a.Origin = "https://example.com.evil.org" },
		"a frame of another origin": func(a *userpooltest.Authenticator) { a.Cross = true },
		"another relying party":     func(a *userpooltest.Authenticator) { a.RP = "example.org" },
		"a parent relying party":    func(a *userpooltest.Authenticator) { a.RP = "com" },
		"user not present":          func(a *userpooltest.Authenticator) { a.Flags = userpooltest.UserVerified },
		"user not verified":         func(a *userpooltest.Authenticator) { a.Flags = userpooltest.UserPresent },
		"another key":               func(a *userpooltest.Authenticator) { a.Key = userpooltest.NewAuthenticator(t, origin).Key },
		"another algorithm":         func(a *userpooltest.Authenticator) { a.UseRSA(2048) },
		"another user's handle":     func(a *userpooltest.Authenticator) { a.Handle = []byte(bob.Sub) },
		"another user's passkey":    func(a *userpooltest.Authenticator) { a.Key, a.ID, a.Handle = bobs.Key, bobs.ID, []byte(ada.Sub) },
		"a passkey nobody has":      func(a *userpooltest.Authenticator) { a.ID = []byte("nobody has it") },
		"eligible for backup now":   func(a *userpooltest.Authenticator) { a.Flags |= userpooltest.BackupEligible },
		"backed up now":             func(a *userpooltest.Authenticator) { a.Flags |= userpooltest.BackedUp },
		"the same count":            func(a *userpooltest.Authenticator) { a.Count-- },
		"no count":                  func(a *userpooltest.Authenticator) { a.Count = 0 },
		"changed authenticator data": func(a *userpooltest.Authenticator) {
			a.Change = func(c *userpooltest.Credential) { c.AuthData[33]++ }
		},
		"changed client data": func(a *userpooltest.Authenticator) {
			a.Change = func(c *userpooltest.Credential) { c.ClientData = append(c.ClientData, ' ') }
		},
		"no signature": func(a *userpooltest.Authenticator) { a.Change = func(c *userpooltest.Credential) { c.Signature = nil } },
		"more than the limit": func(a *userpooltest.Authenticator) {
			a.Change = func(c *userpooltest.Credential) { c.Handle = make([]byte, 16<<10) }
		},
	} {
		t.Run(name, func(t *testing.T) {
			a := userpooltest.NewAuthenticator(t, origin)
			a.Count, a.Step = 5, 1
			if err := d.register(ada, a); err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := d.Passkeys.Delete(t.Context(), ada.token, base64.RawURLEncoding.EncodeToString(a.ID)); err != nil && name != "another user's passkey" && name != "a passkey nobody has" {
					t.Error(err)
				}
			}()
			whole := *a
			change(a)
			options, challenge := d.ask("ada")
			credential := a.Get(options)
			if d.answer("ada", challenge, credential) != nil {
				t.Errorf("accepted %s", credential)
			}
			if !d.signsIn("ada", &whole) {
				t.Error("the unchanged authenticator is refused too")
			}
			if name == "another user's passkey" || name == "a passkey nobody has" {
				a.ID = whole.ID
			}
		})
	}
	for _, text := range []string{"", "null", "[]", "{}", `"x"`, strings.Repeat("[", 10_000)} {
		_, challenge := d.ask("ada")
		if d.answer("ada", challenge, text) != nil {
			t.Errorf("accepted %.20q", text)
		}
	}
}

// Threat: an answer is sent twice, perhaps to two processes. Both verify it; the store lets one of them record it.
func TestOneAnswerIsRecordedOnce(t *testing.T) {
	t.Parallel()
	for name, step := range map[string]uint32{"with a sign count": 1, "without a sign count": 0} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, example)
			ada := d.person("ada")
			a := userpooltest.NewAuthenticator(t, origin)
			a.Step = step
			if err := d.register(ada, a); err != nil {
				t.Fatal(err)
			}
			options, challenge := d.ask("ada")
			credential := a.Get(options)
			first, second := d.answer("ada", challenge, credential), d.answer("ada", challenge, credential)
			if first == nil || second == nil {
				t.Fatal("refused")
			}
			if err := d.record(first); err != nil {
				t.Fatal(err)
			}
			userpooltest.WantFault(t, d.record(second), fault.NotAuthorized, userpool.ErrWrongPassword.Message)
			if d.answer("ada", challenge, credential) != nil {
				t.Error("accepted after it was recorded")
			}
		})
	}
}

func TestManySignInsWithOnePasskeyAtOnceAllCount(t *testing.T) {
	t.Parallel()
	d := newDesk(t, example)
	ada := d.person("ada")
	a := d.mustRegister(ada)
	type asked struct {
		options   string
		challenge passkeys.Challenge
	}
	var all []asked
	for range 10 {
		options, challenge := d.ask("ada")
		all = append(all, asked{options, challenge})
		d.Clock.Forward(time.Second)
	}
	for i := range all { // the newest first
		q := all[len(all)-1-i]
		proof := d.answer("ada", q.challenge, a.Get(q.options))
		if proof == nil {
			t.Fatal("refused")
		}
		if err := d.record(proof); err != nil {
			t.Error(err)
		}
	}
}

// Threat: more answers are recorded than the record remembers, and the first is repeated.
func TestAFloodOfAnswersMakesNoneValidAgain(t *testing.T) {
	t.Parallel()
	d := newDesk(t, example)
	ada := d.person("ada")
	a := d.mustRegister(ada)
	options, first := d.ask("ada")
	credential := a.Get(options)
	if err := d.record(d.answer("ada", first, credential)); err != nil {
		t.Fatal(err)
	}
	for range 70 {
		if !d.signsIn("ada", a) {
			t.Fatal("refused")
		}
	}
	if d.answer("ada", first, credential) != nil {
		t.Error("accepted again")
	}
	err := d.Store.View(t.Context(), func(tx store.Tx) error {
		p, err := tx.Passkeys.Get(d.pool.ID, a.ID)
		if len(p.Answered) > 4096 {
			t.Errorf("the record grew to %d bytes", len(p.Answered))
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestAPasskeyThatWasDeletedMeanwhileProvesNothing(t *testing.T) {
	t.Parallel()
	d := newDesk(t, example)
	ada := d.person("ada")
	a := d.mustRegister(ada)
	options, challenge := d.ask("ada")
	proof := d.answer("ada", challenge, a.Get(options))
	if proof == nil {
		t.Fatal("refused")
	}
	if err := d.Passkeys.Delete(t.Context(), ada.token, base64.RawURLEncoding.EncodeToString(a.ID)); err != nil {
		t.Fatal(err)
	}
	wantKind(t, d.record(proof), fault.NotAuthorized)
	if d.signsIn("ada", a) {
		t.Error("a deleted passkey signs in")
	}
}

func TestAnotherRelyingPartyOrphansPasskeys(t *testing.T) {
	t.Parallel()
	d := newDesk(t, example)
	ada := d.person("ada")
	a := d.mustRegister(ada)
	if err := d.Pools.UpdateUserPool(t.Context(), d.pool.ID, "", settings(t, `{"RelyingPartyId": "login.example.com"}`)); err != nil {
		t.Fatal(err)
	}
	if has, err := d.Passkeys.Has(t.Context(), d.resolved(), d.subject("ada")); has || err != nil {
		t.Error(has, err)
	}
	options, challenge := d.ask("ada")
	if strings.Contains(options, base64.RawURLEncoding.EncodeToString(a.ID)) {
		t.Errorf("options %s", options)
	}
	if d.answer("ada", challenge, a.Get(options)) != nil {
		t.Error("the old passkey signs in")
	}
	if n := len(d.list(ada)); n != 1 {
		t.Errorf("%d passkeys listed", n)
	}
}

// Threat: the passkeys of a name tell whether a user has it.
func TestANameThatNoUserHasLooksLikeAUserWithOrWithoutPasskeys(t *testing.T) {
	t.Parallel()
	d := newDesk(t, example)
	with, sizes := 0, map[int]bool{}
	for i := range 200 {
		name := fmt.Sprintf("nobody-%d", i)
		has, err := d.Passkeys.Has(t.Context(), d.resolved(), d.subject(name))
		if err != nil {
			t.Fatal(err)
		}
		first, challenge := d.ask(name)
		second, _ := d.ask(strings.ToUpper(name[:1]) + name[1:])
		var a, b struct {
			Challenge        string
			AllowCredentials []struct {
				ID         string
				Transports []string
			}
		}
		if err := json.Unmarshal([]byte(first), &a); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(second), &b); err != nil {
			t.Fatal(err)
		}
		if has != (len(a.AllowCredentials) > 0) || a.Challenge == b.Challenge {
			t.Errorf("has %v, options %s", has, first)
		}
		if d.resolved().FoldsCase && fmt.Sprint(a.AllowCredentials) != fmt.Sprint(b.AllowCredentials) {
			t.Errorf("options differ: %s\n%s", first, second)
		}
		if !has {
			continue
		}
		with++
		id, err := base64.RawURLEncoding.DecodeString(a.AllowCredentials[0].ID)
		if err != nil {
			t.Fatal(err)
		}
		sizes[len(id)] = true
		// An authenticator that claims the credential proves nothing.
		forged := userpooltest.NewAuthenticator(t, origin)
		forged.ID = id
		if d.answer(name, challenge, forged.Get(first)) != nil {
			t.Error("accepted")
		}
	}
	if with < 60 || with > 140 || len(sizes) < 3 {
		t.Errorf("%d of 200 have passkeys, of the sizes %v", with, sizes)
	}
}

func TestPasskeysAreListedByPageAndDeletedByTheirUserOnly(t *testing.T) {
	t.Parallel()
	d := newDesk(t, example)
	ada, bob := d.person("ada"), d.person("bob")
	for _, id := range []string{"b", "a", "c", "d"} {
		d.insert(ada, id)
		if id != "c" {
			d.Clock.Forward(time.Second)
		}
	}
	var got []string
	after := ""
	for {
		list, last, err := d.Passkeys.List(t.Context(), ada.token, after, 1)
		if err != nil || len(list) != 1 {
			t.Fatal(list, err)
		}
		id, err := base64.RawURLEncoding.DecodeString(list[0].ID)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, string(id))
		if after = last; after == "" {
			break
		}
	}
	if fmt.Sprint(got) != "[b a c d]" {
		t.Errorf("listed %v", got)
	}
	_, _, err := d.Passkeys.List(t.Context(), ada.token, "nonsense", 1)
	wantKind(t, err, fault.InvalidParameter)

	encoded := base64.RawURLEncoding.EncodeToString([]byte("a"))
	for _, id := range []string{encoded, "", "!", base64.RawURLEncoding.EncodeToString([]byte("x"))} {
		wantKind(t, d.Passkeys.Delete(t.Context(), bob.token, id), fault.ResourceNotFound)
	}
	if err := d.Passkeys.Delete(t.Context(), ada.token, encoded); err != nil {
		t.Fatal(err)
	}
	wantKind(t, d.Passkeys.Delete(t.Context(), ada.token, encoded), fault.ResourceNotFound)
	if n := len(d.list(ada)); n != 3 {
		t.Errorf("%d passkeys", n)
	}
	for name, err := range map[string]error{
		"list":   func() error { _, _, err := d.Passkeys.List(t.Context(), "x", "", 0); return err }(),
		"delete": d.Passkeys.Delete(t.Context(), "x", encoded),
	} {
		if !fault.Is(err, fault.NotAuthorized) {
			t.Errorf("%s without a token: %v", name, err)
		}
	}
}
