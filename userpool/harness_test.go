package userpool_test

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
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/store/sqlite"
	"github.com/sluicegate/sluice/userpool"
)

// clock stands still until it is moved.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) forward(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// house is a service with everything real around it: SQLite, the outbox file, a revocation index.
type house struct {
	t       testing.TB
	svc     *userpool.Service
	clock   *clock
	store   store.Store
	options userpool.Options
	outbox  string
	index   *revoke.Index
	counts  *counter
}

// Revoked makes the house a Revoker.
func (h *house) Revoked(_ context.Context, records ...revoke.Record) error {
	return h.index.Apply(records...)
}

type counter struct {
	mu   sync.Mutex
	seen map[string]int
}

func (c *counter) SignIn(_, flow, result string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen[flow+" "+result]++
}

// keys are two private keys that all pools of the tests share under fresh ids: making one takes a tenth of a second.
var keys = sync.OnceValue(func() (list []*token.SigningKey) {
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

func nextKey(random io.Reader) (*token.SigningKey, error) {
	turn.Lock()
	turn.n++
	k := *keys()[turn.n%2]
	turn.Unlock()
	var id [32]byte
	if _, err := io.ReadFull(random, id[:]); err != nil {
		return nil, err
	}
	k.ID = base64.StdEncoding.EncodeToString(id[:])
	return &k, nil
}

func newHouse(t testing.TB, change ...func(*userpool.Options)) *house {
	t.Helper()
	dir := t.TempDir()
	c := &clock{t: time.Date(2026, 11, 21, 9, 0, 0, 250_123_456, time.UTC)}
	st, err := sqlite.Open(sqlite.Options{Path: filepath.Join(dir, "sluice.db"), Now: c.now})
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
	h := &house{t: t, clock: c, store: st, outbox: filepath.Join(dir, "outbox.jsonl"), counts: &counter{seen: map[string]int{}}}
	sender, err := message.NewOutbox(message.OutboxOptions{Path: h.outbox, Now: c.now})
	if err != nil {
		t.Fatal(err)
	}
	if h.index, err = revoke.NewIndex(revoke.Options{Now: c.now}); err != nil {
		t.Fatal(err)
	}
	h.options = userpool.Options{Store: st, Seal: box, Now: c.now, Rand: rand.Reader, Region: "us-east-1", Account: "123456789012",
		IssuerFor: func(id string) string { return "http://localhost:8080/" + id }, Sender: sender,
		Hasher: userpool.NewHasher(userpool.HasherOptions{}), Revoker: h, Observer: h.counts, NewKey: nextKey}
	for _, f := range change {
		f(&h.options)
	}
	h.restart()
	return h
}

// restart makes a new service over the same store, as after a restart of the process.
func (h *house) restart() {
	h.t.Helper()
	svc, err := userpool.New(h.options)
	if err != nil {
		h.t.Fatal(err)
	}
	if err := svc.Start(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
	h.svc = svc
}

// allFlows is a client that may do everything and hides who exists.
var allFlows = userpool.ClientSettings{PreventUserExistenceErrors: "ENABLED", ExplicitAuthFlows: []string{"ALLOW_USER_SRP_AUTH",
	"ALLOW_USER_PASSWORD_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_CUSTOM_AUTH"}}

func (h *house) pool(settings userpool.PoolSettings) *userpool.Pool {
	h.t.Helper()
	p, err := h.svc.CreateUserPool(h.t.Context(), "test", settings)
	if err != nil {
		h.t.Fatal(err)
	}
	return p
}

func (h *house) client(poolID string, settings userpool.ClientSettings) *userpool.Client {
	h.t.Helper()
	c, err := h.svc.CreateUserPoolClient(h.t.Context(), userpool.NewClient{PoolID: poolID, Name: "web", Settings: settings})
	if err != nil {
		h.t.Fatal(err)
	}
	return c
}

const password = "Correct-horse-7"

// user makes a confirmed user with the password.
func (h *house) user(poolID, name string, attrs ...userpool.Attribute) *userpool.User {
	h.t.Helper()
	u, err := h.svc.AdminCreateUser(h.t.Context(), userpool.AdminCreateInput{PoolID: poolID, Username: name, Action: "SUPPRESS", Attributes: attrs})
	if err != nil {
		h.t.Fatal(err)
	}
	if err := h.svc.AdminSetUserPassword(h.t.Context(), poolID, u.Username, password, true); err != nil {
		h.t.Fatal(err)
	}
	return u
}

// signIn signs in by USER_PASSWORD_AUTH.
func (h *house) signIn(clientID, name, pass string) (*userpool.AuthResult, error) {
	h.t.Helper()
	return h.svc.InitiateAuth(h.t.Context(), userpool.AuthRequest{ClientID: clientID, Flow: "USER_PASSWORD_AUTH",
		Parameters: map[string]string{"USERNAME": name, "PASSWORD": pass}})
}

func (h *house) tokens(clientID, name string) *userpool.Tokens {
	h.t.Helper()
	out, err := h.signIn(clientID, name, password)
	if err != nil {
		h.t.Fatal(err)
	}
	if out.Tokens == nil {
		h.t.Fatalf("challenge %s", out.Challenge)
	}
	return out.Tokens
}

func (h *house) refresh(clientID, refreshToken string) (*userpool.AuthResult, error) {
	h.t.Helper()
	return h.svc.InitiateAuth(h.t.Context(), userpool.AuthRequest{ClientID: clientID, Flow: "REFRESH_TOKEN_AUTH",
		Parameters: map[string]string{"REFRESH_TOKEN": refreshToken}})
}

// mail is what lies in the outbox.
type mail struct{ To, Subject, Body, Purpose, Medium string }

func (h *house) mails() (list []mail) {
	h.t.Helper()
	h.svc.Drain()
	f, err := os.Open(h.outbox)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		h.t.Fatal(err)
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var m mail
		if err := json.Unmarshal(lines.Bytes(), &m); err != nil {
			h.t.Fatal(err)
		}
		list = append(list, m)
	}
	return list
}

var sixDigits = regexp.MustCompile(`\b[0-9]{6}\b`)

// code is the code in the last message.
func (h *house) code() string {
	h.t.Helper()
	list := h.mails()
	if len(list) == 0 {
		h.t.Fatal("no message went out")
	}
	code := sixDigits.FindString(list[len(list)-1].Body)
	if code == "" {
		h.t.Fatalf("no code in %q", list[len(list)-1].Body)
	}
	return code
}

// wrongCode differs from the code that was sent.
func wrongCode(right string) string {
	last := right[len(right)-1]
	return right[:len(right)-1] + string('0'+(last-'0'+1)%10)
}

// claims reads a token without verifying it.
func claims(t testing.TB, raw string) map[string]any {
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

// edge verifies an access token as the edge does: by the pool's keys and the revocation index.
func (h *house) edge(poolID, raw string) error {
	h.t.Helper()
	issuer := h.options.IssuerFor(poolID)
	v, err := token.New(token.Options{Now: h.clock.now, Issuers: []token.Issuer{{URL: issuer, Keys: h.svc.KeySet(poolID), AnyClient: true, Leeway: 30 * time.Second}}}) // the default of sluice_authorize
	if err != nil {
		h.t.Fatal(err)
	}
	t, err := v.Verify(h.t.Context(), raw)
	if err != nil {
		return err
	}
	if h.index.Revoked(revoke.Credential{Issuer: issuer, Subject: t.Subject, OriginJTI: t.OriginJTI,
		IssuedAt: time.Unix(t.IssuedAt, 0), AuthTime: time.Unix(t.AuthTime, 0)}) {
		return errors.New("revoked")
	}
	return nil
}

// wantFault checks kind and text of an error.
func wantFault(t testing.TB, err error, kind fault.Kind, text string) {
	t.Helper()
	got, _ := fault.Message(err)
	if fault.KindOf(err) != kind || err == nil || (text != "*" && got != text) {
		t.Errorf("got %v\nwant %s: %s", err, kind, text)
	}
}

// header reads a token's header.
func header(t testing.TB, raw string) map[string]string {
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
