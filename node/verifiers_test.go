package node

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/config"
)

// anyPool has every user pool, all with one key set.
type anyPool struct {
	app    *config.App
	keys   token.StaticKeys
	issued int
}

func (p *anyPool) Issuer(_ context.Context, poolID string) (string, error) {
	p.issued++
	return p.app.IssuerURL(poolID), nil
}

func (p *anyPool) KeySet(string) token.KeySet { return &p.keys }

func TestVerifiersOfLoginsAreBounded(t *testing.T) {
	now := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	o := &Options{Now: func() time.Time { return now }, Config: config.App{PublicURL: "http://id.example"}}
	pools := &anyPool{app: &o.Config}
	key, err := token.GenerateKey(rand.Reader, "ES256")
	if err != nil {
		t.Fatal(err)
	}
	if err := pools.keys.Set(key.Public()); err != nil {
		t.Fatal(err)
	}
	v := newLoginVerifier(pools, nil, o)
	login := func(pool int) {
		t.Helper()
		payload, err := json.Marshal(map[string]any{"iss": o.Config.IssuerURL(fmt.Sprintf("us-east-1_pool%05d", pool)), "sub": "s", "aud": "c",
			"token_use": "id", "exp": now.Add(time.Minute).Unix(), "iat": now.Unix()})
		if err != nil {
			t.Fatal(err)
		}
		raw, err := key.Sign(payload, "")
		if err != nil {
			t.Fatal(err)
		}
		// The key is not RSA, so the refusal shows that the pool's verifier was asked.
		if _, err := v.Verify(t.Context(), raw); err == nil || err.Error() == "" {
			t.Errorf("pool %d: %v", pool, err)
		}
	}
	for i := range maxLoginVerifiers + 10 {
		login(i)
	}
	if n := v.pools.Len(); n != maxLoginVerifiers || pools.issued != maxLoginVerifiers+10 {
		t.Errorf("%d verifiers of %d pools", n, pools.issued)
	}
	login(maxLoginVerifiers + 9)
	if pools.issued != maxLoginVerifiers+10 {
		t.Error("the latest verifier was not cached")
	}
	now = now.Add(loginVerifierLife)
	login(maxLoginVerifiers + 9)
	if pools.issued != maxLoginVerifiers+11 {
		t.Error("a verifier is cached beyond its lifetime")
	}
}

func TestABodyThatStallsIsEndedByItsTimer(t *testing.T) {
	done := make(chan error, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		timer := &asked{answer: w}
		timer.LimitBody(10 * time.Millisecond)
		_, err := io.ReadAll(r.Body)
		timer.LimitBody(0)
		done <- err
	}))
	defer server.Close()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc"); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err == nil {
		t.Error("a body of 3 bytes of 100 is whole")
	} else if timeout, ok := errors.AsType[net.Error](err); !ok || !timeout.Timeout() {
		t.Error(err)
	}
}

func TestAfterABodyWasReadTheServersOwnLimitHolds(t *testing.T) {
	a := &asked{answer: &deadlines{ResponseRecorder: httptest.NewRecorder()}, usual: time.Hour}
	a.LimitBody(time.Second)
	a.LimitBody(0)
	set := a.answer.(*deadlines).set
	if len(set) != 2 || time.Until(set[1]) < 30*time.Minute {
		t.Errorf("the deadlines were %v", set)
	}
	a.usual = 0
	a.LimitBody(0)
	if last := a.answer.(*deadlines).set[2]; !last.IsZero() {
		t.Errorf("a server without a limit gets %v", last)
	}
}

// deadlines keeps the deadlines that are set.
type deadlines struct {
	*httptest.ResponseRecorder
	set []time.Time
}

func (d *deadlines) SetReadDeadline(t time.Time) error {
	d.set = append(d.set, t)
	return nil
}

func TestATokenIsForTheClientsOfItsProvider(t *testing.T) {
	for text, want := range map[string]bool{
		`{"aud":"a"}`:                    true,
		`{"aud":["x","a"]}`:              true,
		`{"aud":"a","azp":"b"}`:          true,
		`{"aud":"x"}`:                    false,
		`{"aud":"x","azp":"a"}`:          false,
		`{"aud":"a","azp":"evil"}`:       false,
		`{"aud":"a","azp":["a","evil"]}`: false,
		`{"aud":"a","azp":""}`:           false,
		`{}`:                             false,
	} {
		claims, err := token.ParseClaims(text)
		if err != nil {
			t.Fatal(err)
		}
		audience, _ := claims.Values("aud")
		if got := isFor(&token.Token{Audience: audience, Claims: claims}, []string{"a", "b"}); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
}
