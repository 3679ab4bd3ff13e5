package userpooltest

import (
	"context"
	"crypto/rand"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/sluicegate/sluice/authz/revoke"
	"github.com/sluicegate/sluice/message"
	"github.com/sluicegate/sluice/region"
	"github.com/sluicegate/sluice/seal"
	"github.com/sluicegate/sluice/server/cognitoidp"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/directory"
	"github.com/sluicegate/sluice/userpool/idp"
	"github.com/sluicegate/sluice/userpool/signin"
	"github.com/sluicegate/sluice/userpool/tokens"
)

// Clock shows the same time until Forward moves it.
type Clock struct {
	mu sync.Mutex
	t  time.Time
}

// Now returns the time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

// Forward moves the clock.
func (c *Clock) Forward(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// Harness is user pools over SQLite, with an outbox file, a revocation index and a clock that the test moves.
type Harness struct {
	*idp.Provider

	T       testing.TB    // ends the test if a step fails
	Clock   *Clock        // of everything below; stands still until it is moved
	Store   store.Store   // SQLite in a folder of the test
	Options idp.Options   // Restart applies changes
	Outbox  string        // path
	Index   *revoke.Index // gets what is revoked
	Counts  *Counter      // of sign-ins
}

// Revoked implements tokens.Revoker.
func (h *Harness) Revoked(_ context.Context, records ...revoke.Record) error {
	return h.Index.Apply(records...)
}

// Counter counts sign-ins by flow and result.
type Counter struct {
	mu   sync.Mutex
	seen map[string]int
}

// SignIn implements signin.Observer.
func (c *Counter) SignIn(_, flow, result string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen[flow+" "+result]++
}

// Of returns how many calls of the flow had the result.
func (c *Counter) Of(flow, result string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.seen[flow+" "+result]
}

// New returns a harness. Its options can be changed before the services are made.
func New(t testing.TB, change ...func(*idp.Options)) *Harness {
	t.Helper()
	dir := t.TempDir()
	c := &Clock{t: time.Date(2026, 11, 21, 9, 0, 0, 250_123_456, time.UTC)}
	st := NewStore(t, dir, c.Now)
	master, err := seal.GenerateMasterKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	box, err := seal.New(seal.Options{Keys: []seal.Key{master}})
	if err != nil {
		t.Fatal(err)
	}
	h := &Harness{T: t, Clock: c, Store: st, Outbox: filepath.Join(dir, "outbox.jsonl"), Counts: &Counter{seen: map[string]int{}}}
	sender, err := message.NewOutbox(message.OutboxOptions{Path: h.Outbox, Now: c.Now})
	if err != nil {
		t.Fatal(err)
	}
	if h.Index, err = revoke.NewIndex(revoke.Options{Now: c.Now}); err != nil {
		t.Fatal(err)
	}
	h.Options = idp.Options{Store: st, Seal: box, Now: c.Now, Rand: rand.Reader, Regions: region.Only("us-east-1"), Account: "123456789012",
		IssuerFor: func(id string) string { return "http://localhost:8080/" + id }, Sender: sender,
		Hasher: directory.NewHasher(directory.HasherOptions{Memory: hashMemory}), CheckRequest: cognitoidp.CheckRequest, Revoker: h, Observer: h.Counts, NewKey: NextKey}
	for _, f := range change {
		f(&h.Options)
	}
	h.Restart()
	t.Cleanup(func() { h.Drain() }) // before dir is removed: a message on its way writes the outbox
	return h
}

// Restart makes new services over the same store, as a restart of the process does.
func (h *Harness) Restart() {
	h.T.Helper()
	provider, err := idp.New(h.Options)
	if err != nil {
		h.T.Fatal(err)
	}
	if err := provider.Start(h.T.Context()); err != nil {
		h.T.Fatal(err)
	}
	h.Provider = provider
}

// AllFlows are the settings of a client that allows every flow and hides user existence.
var AllFlows = userpool.ClientSettings{PreventUserExistenceErrors: "ENABLED", ExplicitAuthFlows: []string{"ALLOW_USER_SRP_AUTH",
	"ALLOW_USER_PASSWORD_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_CUSTOM_AUTH"}}

// Rotating returns AllFlows with refresh token rotation and a grace period in seconds.
func Rotating(grace int) userpool.ClientSettings {
	s := AllFlows
	s.RefreshTokenRotation = &userpool.Rotation{Feature: "ENABLED", RetryGracePeriodSeconds: grace}
	return s
}

// Pool creates a pool.
func (h *Harness) Pool(settings userpool.PoolSettings) *userpool.PoolDescription {
	h.T.Helper()
	p, err := h.Pools.CreateUserPool(h.T.Context(), "test", settings)
	if err != nil {
		h.T.Fatal(err)
	}
	return p
}

// Client creates an app client.
func (h *Harness) Client(poolID string, settings userpool.ClientSettings) *userpool.ClientDescription {
	h.T.Helper()
	c, err := h.Pools.CreateUserPoolClient(h.T.Context(), userpool.NewClient{PoolID: poolID, Name: "web", Settings: settings})
	if err != nil {
		h.T.Fatal(err)
	}
	return c
}

// Password is the password of User.
const Password = "Correct-horse-7"

// User creates a confirmed user with Password.
func (h *Harness) User(poolID, name string, attrs ...userpool.Attribute) *directory.User {
	h.T.Helper()
	u, err := h.Users.AdminCreateUser(h.T.Context(), directory.AdminCreateInput{PoolID: poolID, Username: name, Action: "SUPPRESS", Attributes: attrs})
	if err != nil {
		h.T.Fatal(err)
	}
	if err := h.Users.AdminSetUserPassword(h.T.Context(), poolID, u.Username, Password, true); err != nil {
		h.T.Fatal(err)
	}
	return u
}

// SignIn signs in by USER_PASSWORD_AUTH.
func (h *Harness) SignIn(clientID, name, pass string) (*signin.Result, error) {
	h.T.Helper()
	return h.SignIns.InitiateAuth(h.T.Context(), signin.Request{ClientID: clientID, Flow: "USER_PASSWORD_AUTH",
		Parameters: map[string]string{"USERNAME": name, "PASSWORD": pass}})
}

// MustSignIn signs in with Password and returns the tokens.
func (h *Harness) MustSignIn(clientID, name string) *tokens.Set {
	h.T.Helper()
	out, err := h.SignIn(clientID, name, Password)
	if err != nil {
		h.T.Fatal(err)
	}
	if out.Tokens == nil {
		h.T.Fatalf("challenge %s", out.Challenge)
	}
	return out.Tokens
}

// Refresh renews by REFRESH_TOKEN_AUTH.
func (h *Harness) Refresh(clientID, refreshToken string) (*signin.Result, error) {
	h.T.Helper()
	return h.SignIns.InitiateAuth(h.T.Context(), signin.Request{ClientID: clientID, Flow: "REFRESH_TOKEN_AUTH",
		Parameters: map[string]string{"REFRESH_TOKEN": refreshToken}})
}

// SignUp signs up with Password.
func (h *Harness) SignUp(clientID, name string, attrs ...userpool.Attribute) (*directory.SignUpResult, error) {
	return h.Users.SignUp(h.T.Context(), directory.SignUpInput{ClientID: clientID, Username: name, Password: Password, Attributes: attrs})
}

// ConfirmSignUp confirms a sign-up.
func (h *Harness) ConfirmSignUp(in directory.ConfirmInput) error {
	_, err := h.Users.ConfirmSignUp(h.T.Context(), in)
	return err
}

// Attribute returns a user's attribute, "" if there is none.
func (h *Harness) Attribute(poolID, name, attribute string) string {
	h.T.Helper()
	u, err := h.Users.AdminGetUser(h.T.Context(), poolID, name)
	if err != nil {
		h.T.Fatal(err)
	}
	for _, a := range u.Attributes {
		if a.Name == attribute {
			return a.Value
		}
	}
	return ""
}
