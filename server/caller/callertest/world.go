package callertest

import (
	"crypto/rand"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	apiiam "github.com/sluicegate/sluice/api/iam"
	apists "github.com/sluicegate/sluice/api/sts"
	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/credentials/session"
	"github.com/sluicegate/sluice/credentials/sigv4"
	"github.com/sluicegate/sluice/iam"
	"github.com/sluicegate/sluice/identitypool"
	"github.com/sluicegate/sluice/node"
)

// The settings of a World.
const (
	Account  = "123456789012"
	Region   = "us-east-1"
	UserPool = "us-east-1_notes0001"
	Client   = "1example23456789abcdefghij"
	LoginKey = "localhost:8080/" + UserPool
	AllowAll = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`
)

// World is a node with one user pool and one app client, and a clock that the test sets.
type World struct {
	*node.Node
	IAM    *iam.Service          // roles and managed policies of the node
	Pools  *identitypool.Service // identity pools of the node
	Minter *session.Minter       // makes and opens the node's session tokens
	Root   sigv4.Credentials     // the administrator's key
	Log    strings.Builder       // the refusals and their reasons

	t   testing.TB
	at  atomic.Pointer[time.Time]
	key *token.SigningKey // of the user pool
}

// sharedKey is the key pair of all user pools. Generating one takes a tenth of a second.
var sharedKey = sync.OnceValues(func() (*token.SigningKey, error) { return token.GenerateKey(rand.Reader, "RS256") })

// New opens a World at 2026-11-21 09:00 UTC. An error that its operation does not declare is an internal error.
func New(t testing.TB) *World {
	t.Helper()
	w := &World{t: t, Root: sigv4.Credentials{AccessKeyID: "AKIAROOTROOTROOTROOT", SecretAccessKey: "root-secret-of-the-tests"}}
	w.SetNow(time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC))
	var err error
	w.Node, err = node.Open(t.Context(), node.Options{
		Config: config.App{DataDir: t.TempDir(), Region: Region, Account: Account, PublicURL: "http://localhost:8080",
			RateLimit: &config.RateLimit{Off: true}, UserPools: []config.UserPool{{ID: UserPool, Clients: []config.Client{{ID: Client}}}}},
		RootKey: w.Root, Now: w.Now, NewKey: w.newKey,
		Log: slog.New(slog.NewTextHandler(&w.Log, &slog.HandlerOptions{Level: slog.LevelDebug})), StrictErrors: true,
	})
	w.must(err)
	t.Cleanup(func() { w.must(w.Close()) })
	w.IAM, w.Pools, w.Minter = w.Services.Roles, w.Services.Identities, w.Services.Minter
	return w
}

// Now returns the world's time. It stands still until SetNow.
func (w *World) Now() time.Time { return *w.at.Load() }

// SetNow sets the world's time.
func (w *World) SetNow(t time.Time) { w.at.Store(&t) }

// newKey generates the keys of the user pool. The first one signs.
func (w *World) newKey(io.Reader) (*token.SigningKey, error) {
	shared, err := sharedKey()
	if err != nil {
		return nil, err
	}
	key := *shared
	key.ID = rand.Text()
	if w.key == nil {
		w.key = &key
	}
	return &key, nil
}

// IDToken returns an ID token of the user pool with the claims of more added; a nil value removes a claim.
func (w *World) IDToken(user string, more map[string]any) string {
	w.t.Helper()
	claims := map[string]any{
		"iss": "http://" + LoginKey, "sub": "sub-" + user, "aud": Client, "token_use": "id", "cognito:username": user,
		"origin_jti": "origin-" + user, "auth_time": w.Now().Unix(), "iat": w.Now().Unix(), "exp": w.Now().Add(time.Hour).Unix(),
	}
	for name, value := range more {
		if claims[name] = value; value == nil {
			delete(claims, name)
		}
	}
	text, err := json.Marshal(claims)
	w.must(err)
	raw, err := w.key.Sign(text, "")
	w.must(err)
	return raw
}

// Role declares a role and returns its ARN.
func (w *World) Role(name string, trust json.RawMessage, policies ...string) string {
	w.t.Helper()
	d := iam.DeclaredRole{Name: name, Trust: trust, Policies: map[string]json.RawMessage{}}
	for i, p := range policies {
		d.Policies[string(rune('a'+i))] = json.RawMessage(p)
	}
	w.must(w.IAM.Ensure(w.t.Context(), d))
	return w.IAM.RoleARN(name)
}

// AccountTrust trusts every caller of the account whose own policies allow it.
func AccountTrust() json.RawMessage {
	return json.RawMessage(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + Account + `"},"Action":["sts:AssumeRole","sts:TagSession","sts:SetSourceIdentity"]}]}`)
}

// As assumes a role without an API call and returns its credentials.
func (w *World) As(roleARN string) sigv4.Credentials {
	w.t.Helper()
	out, err := w.IAM.AssumeRole(w.t.Context(), &iam.Caller{Principal: w.IAM.Root(w.Root.AccessKeyID)}, iam.AssumeRoleInput{RoleARN: roleARN, SessionName: "tester"})
	w.must(err)
	return sigv4.Credentials{
		AccessKeyID: out.Credentials.AccessKeyID, SecretAccessKey: out.Credentials.SecretAccessKey.Reveal(), SessionToken: out.Credentials.SessionToken,
	}
}

// JSONRequest returns a request to identity pools. It is signed unless by is the zero value.
func (w *World) JSONRequest(operation, body string, by sigv4.Credentials) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "http://localhost:8080/", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", "AWSCognitoIdentityService."+operation)
	w.sign(r, body, "cognito-identity", by)
	return r
}

// QueryRequest returns a request to STS or IAM. It is signed unless by is the zero value.
func (w *World) QueryRequest(service string, form url.Values, by sigv4.Credentials) *http.Request {
	body := form.Encode()
	r := httptest.NewRequest(http.MethodPost, "http://localhost:8080/", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w.sign(r, body, service, by)
	return r
}

func (w *World) sign(r *http.Request, body, service string, by sigv4.Credentials) {
	if by.AccessKeyID == "" {
		return
	}
	w.must(sigv4.Sign(sigv4.FromHTTP(r), by, sigv4.SignOptions{Time: w.Now(), Region: Region, Service: service, PayloadHash: sigv4.HashPayload([]byte(body))}))
}

// Do serves a request of either protocol and returns the recorded answer.
func (w *World) Do(r *http.Request) *httptest.ResponseRecorder {
	rec := httptest.NewRecorder()
	w.ServeHTTP(rec, r)
	return rec
}

// JSON calls an operation of identity pools with a value that marshals to its input.
func (w *World) JSON(operation string, in any, by sigv4.Credentials) *httptest.ResponseRecorder {
	w.t.Helper()
	body, err := json.Marshal(in)
	w.must(err)
	return w.Do(w.JSONRequest(operation, string(body), by))
}

// Query calls an operation of sts or iam with pairs of parameter and value.
func (w *World) Query(service, operation string, by sigv4.Credentials, pairs ...string) *httptest.ResponseRecorder {
	w.t.Helper()
	version := apists.API.Version
	if service == "iam" {
		version = apiiam.API.Version
	}
	form := url.Values{"Action": {operation}, "Version": {version}}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return w.Do(w.QueryRequest(service, form, by))
}

func (w *World) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}
