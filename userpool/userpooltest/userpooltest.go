package userpooltest

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluicegate/sluice/authz/revoke"
	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/message"
	"github.com/sluicegate/sluice/seal"
	"github.com/sluicegate/sluice/server/cognitoidp"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/store/sqlite"
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

	T       testing.TB
	Clock   *Clock
	Store   store.Store
	Options idp.Options // Restart applies changes
	Outbox  string      // path
	Index   *revoke.Index
	Counts  *Counter
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

// Keys returns two private keys that all pools of the tests share under fresh ids: making one takes a tenth of a second.
var Keys = sync.OnceValue(func() (list []*token.SigningKey) {
	for range 2 {
		k, err := token.GenerateKey(rand.Reader, "RS256")
		if err != nil {
			panic(err)
		}
		list = append(list, k)
	}
	return list
})

var turn struct {
	sync.Mutex
	n int
}

// NextKey returns one of Keys under a fresh id.
func NextKey(random io.Reader) (*token.SigningKey, error) {
	turn.Lock()
	turn.n++
	k := *Keys()[turn.n%2]
	turn.Unlock()
	var id [32]byte
	if _, err := io.ReadFull(random, id[:]); err != nil {
		return nil, err
	}
	k.ID = base64.StdEncoding.EncodeToString(id[:])
	return &k, nil
}

// New returns a harness. Its options can be changed before the services are made.
func New(t testing.TB, change ...func(*idp.Options)) *Harness {
	t.Helper()
	dir := t.TempDir()
	c := &Clock{t: time.Date(2026, 11, 21, 9, 0, 0, 250_123_456, time.UTC)}
	st, err := sqlite.Open(sqlite.Options{Path: filepath.Join(dir, "sluice.db"), Now: c.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
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
	h.Options = idp.Options{Store: st, Seal: box, Now: c.Now, Rand: rand.Reader, Region: "us-east-1", Account: "123456789012",
		IssuerFor: func(id string) string { return "http://localhost:8080/" + id }, Sender: sender,
		Hasher: directory.NewHasher(directory.HasherOptions{}), CheckRequest: cognitoidp.CheckRequest, Revoker: h, Observer: h.Counts, NewKey: NextKey}
	for _, f := range change {
		f(&h.Options)
	}
	h.Restart()
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

// AllFlows is a client that may use every flow and hides who exists.
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

// Mail is a message in the outbox.
type Mail struct{ To, Subject, Body, Purpose, Medium string }

// Mails waits for the messages that are being sent and returns the outbox.
func (h *Harness) Mails() (list []Mail) {
	h.T.Helper()
	h.Drain()
	f, err := os.Open(h.Outbox)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		h.T.Fatal(err)
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var m Mail
		if err := json.Unmarshal(lines.Bytes(), &m); err != nil {
			h.T.Fatal(err)
		}
		list = append(list, m)
	}
	return list
}

var sixDigits = regexp.MustCompile(`\b[0-9]{6}\b`)

// Code returns the code in the last message.
func (h *Harness) Code() string {
	h.T.Helper()
	list := h.Mails()
	if len(list) == 0 {
		h.T.Fatal("no message went out")
	}
	code := sixDigits.FindString(list[len(list)-1].Body)
	if code == "" {
		h.T.Fatalf("no code in %q", list[len(list)-1].Body)
	}
	return code
}

// WrongCode returns a code that differs from the right one.
func WrongCode(right string) string {
	last := right[len(right)-1]
	return right[:len(right)-1] + string('0'+(last-'0'+1)%10)
}

// Claims returns a token's claims without verifying it.
func Claims(t testing.TB, raw string) map[string]any {
	t.Helper()
	part := strings.Split(raw, ".")[1]
	data, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(data, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// Edge verifies an access token as the edge does: by the pool's keys and the revocation index.
func (h *Harness) Edge(poolID, raw string) error {
	h.T.Helper()
	issuer := h.Options.IssuerFor(poolID)
	v, err := token.New(token.Options{Now: h.Clock.Now, Issuers: []token.Issuer{{URL: issuer, Keys: h.Pools.KeySet(poolID), AnyClient: true, Leeway: 30 * time.Second}}}) // the default of sluice_authorize
	if err != nil {
		h.T.Fatal(err)
	}
	t, err := v.Verify(h.T.Context(), raw)
	if err != nil {
		return err
	}
	if h.Index.Revoked(revoke.Credential{Issuer: issuer, Subject: t.Subject, OriginJTI: t.OriginJTI,
		IssuedAt: time.Unix(t.IssuedAt, 0), AuthTime: time.Unix(t.AuthTime, 0)}) {
		return errors.New("revoked")
	}
	return nil
}

// WantFault checks kind and text of an error. "*" stands for any text.
func WantFault(t testing.TB, err error, kind fault.Kind, text string) {
	t.Helper()
	got, _ := fault.Message(err)
	if fault.KindOf(err) != kind || err == nil || (text != "*" && got != text) {
		t.Errorf("got %v\nwant %s: %s", err, kind, text)
	}
}

// Header returns a token's header without verifying it.
func Header(t testing.TB, raw string) map[string]string {
	t.Helper()
	data, err := base64.RawURLEncoding.DecodeString(strings.Split(raw, ".")[0])
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]string
	if err := json.Unmarshal(data, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// SignUp signs up with Password.
func (h *Harness) SignUp(clientID, name string, attrs ...userpool.Attribute) (*directory.SignUpResult, error) {
	return h.Users.SignUp(h.T.Context(), directory.SignUpInput{ClientID: clientID, Username: name, Password: Password, Attributes: attrs})
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

// BrokenSender is a message.Sender that always fails.
type BrokenSender struct{}

// Send returns an error.
func (BrokenSender) Send(context.Context, message.Message) error {
	return errors.New("the mail server is down")
}
