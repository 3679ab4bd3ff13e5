package passkeys_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/directory"
	"github.com/sluicegate/sluice/userpool/passkeys"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

const origin = "https://login.example.com"

// desk is a pool with passkeys, an app client, and users with access tokens.
type desk struct {
	*userpooltest.Harness
	t      *testing.T
	pool   *userpool.PoolDescription
	client *userpool.ClientDescription
}

// settings returns settings of a pool with passkeys. webAuthn is the JSON of WebAuthnConfiguration.
func settings(t testing.TB, webAuthn string) userpool.PoolSettings {
	t.Helper()
	var s userpool.PoolSettings
	text := `{"Policies": {"SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD", "WEB_AUTHN"]}}, "WebAuthnConfiguration": ` + webAuthn + `}`
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		t.Fatal(err)
	}
	return s
}

func newDesk(t *testing.T, webAuthn string) *desk {
	t.Helper()
	h := userpooltest.New(t)
	p := h.Pool(settings(t, webAuthn))
	return &desk{h, t, p, h.Client(p.ID, userpooltest.AllFlows)}
}

// person is a user with an access token.
type person struct {
	*directory.User
	token string
}

func (d *desk) person(name string) person {
	d.t.Helper()
	u := d.User(d.pool.ID, name)
	return person{u, d.MustSignIn(d.client.ID, name).AccessToken}
}

// register registers the authenticator for the user.
func (d *desk) register(p person, a *userpooltest.Authenticator) error {
	d.t.Helper()
	options, err := d.Passkeys.Start(d.t.Context(), p.token)
	if err != nil {
		return err
	}
	return d.Passkeys.Complete(d.t.Context(), p.token, a.Create(options))
}

func (d *desk) mustRegister(p person) *userpooltest.Authenticator {
	d.t.Helper()
	a := userpooltest.NewAuthenticator(d.t, origin)
	if err := d.register(p, a); err != nil {
		d.t.Fatal(err)
	}
	return a
}

func (d *desk) resolved() *userpool.Pool {
	d.t.Helper()
	p, err := d.Pools.Pool(d.t.Context(), d.pool.ID)
	if err != nil {
		d.t.Fatal(err)
	}
	return p
}

func (d *desk) subject(name string) *directory.Subject {
	d.t.Helper()
	s, err := d.Users.Find(d.t.Context(), d.resolved(), name)
	if err != nil {
		d.t.Fatal(err)
	}
	return s
}

// ask returns the options and the challenge of a sign-in.
func (d *desk) ask(name string) (string, passkeys.Challenge) {
	d.t.Helper()
	options, challenge, err := d.Passkeys.Ask(d.t.Context(), d.resolved(), d.subject(name))
	if err != nil {
		d.t.Fatal(err)
	}
	return string(options), passkeys.Challenge{Text: challenge, Issued: d.Clock.Now()}
}

// answer verifies an assertion without recording it; nil if it is wrong.
func (d *desk) answer(name string, c passkeys.Challenge, credential string) *passkeys.Proof {
	d.t.Helper()
	proof, err := d.Passkeys.Answer(d.t.Context(), d.resolved(), d.subject(name), c, credential)
	if err != nil {
		d.t.Fatal(err)
	}
	return proof
}

// record runs the writes of a proof.
func (d *desk) record(p *passkeys.Proof) error {
	return d.Store.Update(d.t.Context(), func(tx store.Tx) error { return p.Record(tx, nil) })
}

// signsIn reports whether the authenticator can sign the user in.
func (d *desk) signsIn(name string, a *userpooltest.Authenticator) bool {
	d.t.Helper()
	options, challenge := d.ask(name)
	d.Clock.Forward(time.Second)
	proof := d.answer(name, challenge, a.Get(options))
	return proof != nil && d.record(proof) == nil
}

func (d *desk) list(p person) []passkeys.Passkey {
	d.t.Helper()
	list, _, err := d.Passkeys.List(d.t.Context(), p.token, "", 0)
	if err != nil {
		d.t.Fatal(err)
	}
	return list
}

func wantKind(t *testing.T, err error, kind fault.Kind) {
	t.Helper()
	userpooltest.WantFault(t, err, kind, "*")
}

// insert adds a passkey to the store, past the Service.
func (d *desk) insert(p person, id string) {
	d.t.Helper()
	err := d.Store.Update(d.t.Context(), func(tx store.Tx) error {
		return tx.Passkeys.Insert(store.Passkey{PoolID: d.pool.ID, ID: []byte(id), Sub: p.Sub, RelyingParty: "example.com", CreatedAt: d.Clock.Now()})
	})
	if err != nil {
		d.t.Fatal(err)
	}
}
