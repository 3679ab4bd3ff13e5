package authz

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/credentials/sigv4"
)

func TestARefusalCanBeLookedUp(t *testing.T) {
	c := newClock()
	denials := NewDenials(4)
	e := tokenGate(t, c, func(o *Options) { o.Denials = denials },
		"allow group readers GET /api/*", "require scope notes/write POST /api/*", "allow group readers POST /api/*")
	bearer := bearerToken("alice", map[string]any{"cognito:groups": []string{"readers"}})
	r := want(t, e, get("POST", "/api/notes?secret=1", bearer), Denied)
	if len(r.DecisionID) != 16 {
		t.Fatalf("id %q", r.DecisionID)
	}
	found, ok := denials.Get(r.DecisionID)
	if !ok {
		t.Fatal("the denial was not stored")
	}
	text := must(json.Marshal(found))
	for _, piece := range []string{r.DecisionID, `"username":"alice"`, `"path":"/api/notes"`, `"effect":"explicitDeny"`,
		`rule require scope notes/write POST /api/*`, `"execute-api:Invoke"`, `"client_ip":"192.0.2.7"`} {
		if !bytes.Contains(text, []byte(piece)) {
			t.Errorf("the account lacks %s:\n%s", piece, text)
		}
	}
	for _, secret := range []string{bearer, "secret=1", strings.Split(bearer, ".")[2]} {
		if bytes.Contains(text, []byte(secret)) {
			t.Errorf("the account shows %.20s…", secret)
		}
	}
	if found, _ := denials.Get(r.DecisionID); found.Reason != "denied" || len(found.Targets) != 1 || len(found.Targets[0].Accounts) != 1 {
		t.Errorf("%+v", found)
	}
	for range 4 { // the ring overwrites the oldest
		want(t, e, get("PUT", "/api/notes", bearer), Denied)
	}
	if _, ok := denials.Get(r.DecisionID); ok {
		t.Error("more denials are stored than the limit")
	}
	if n := len(denials.Recent(10)); n != 4 || len(denials.byID) != 4 {
		t.Errorf("%d recent, %d ids", n, len(denials.byID))
	}
}

func TestExplainAgreesWithAuthorize(t *testing.T) {
	e := tokenGate(t, newClock(), func(o *Options) { o.IdentityHeaders = []string{"X-User-Id"} },
		"allow group readers GET /api/*", "allow anonymous GET /public")
	for _, tc := range []struct {
		target, bearer, outcome, says string
	}{
		{"/api/x", bearerToken("alice", map[string]any{"cognito:groups": []string{"readers"}}), "allowed", "allow group readers"},
		{"/api/x", bearerToken("alice", nil), "denied", "cognito:groups"},
		{"/api/x", "", "unauthenticated", "anonymous"},
		{"/api/x", "bad", "unauthenticated", "malformed"},
		{"/api/../x", "", "malformed", "dot segment"},
		{"/public", "", "allowed", "allow anonymous"},
	} {
		r := get("GET", tc.target, tc.bearer)
		spelling := strings.ReplaceAll("X-User-Id", "-", "_")
		r.Header[spelling] = []string{"x"}
		x := e.Explain(t.Context(), r)
		var b strings.Builder
		if err := x.WriteText(&b, ""); err != nil {
			t.Fatal(err)
		}
		text := b.String()
		if x.Outcome != tc.outcome || !strings.Contains(text, tc.says) {
			t.Errorf("%s: %s\n%s", tc.target, x.Outcome, text)
		}
		if len(r.Header[spelling]) == 0 {
			t.Error("Explain changed the request")
		}
		if tc.bearer != "" && strings.Contains(text, tc.bearer) && tc.bearer != "bad" {
			t.Error("the explanation contains the token")
		}
		if again := e.Authorize(t.Context(), r); again.Outcome.String() != x.Outcome {
			t.Errorf("Authorize returned %s", again.Outcome)
		}
	}
}

func TestManyTargetsAreExplainedUpToALimit(t *testing.T) {
	g := s3Gate(t)
	var body strings.Builder
	body.WriteString("<Delete>")
	for i := range 100 {
		fmt.Fprintf(&body, "<Object><Key>%d</Key></Object>", i)
	}
	body.WriteString("</Delete>")
	r := get("POST", "/s3/photos?delete", "")
	r.ContentLength, r.Body = int64(body.Len()), strings.NewReader(body.String())
	x := g.Explain(t.Context(), g.sign(r, g.credentials(record("us-east-1:x", nil)), "s3", sigv4.HashPayload([]byte(body.String()))))
	if len(x.Targets) != maxExplained || x.Note == "" || x.Outcome != "denied" {
		t.Errorf("%d targets, %q, %s", len(x.Targets), x.Note, x.Outcome)
	}
}

type failingRand struct{}

func (failingRand) Read([]byte) (int, error) { return 0, errors.New("no randomness") }

func TestARequestIsRefusedWithoutADecisionID(t *testing.T) {
	e := tokenGate(t, newClock(), func(o *Options) { o.Rand, o.Denials = failingRand{}, NewDenials(0) })
	if r := want(t, e, get("GET", "/", bearerToken("a", nil)), Denied); r.DecisionID != "" {
		t.Error(r.DecisionID)
	}
}

// An S3 key may contain any character, so a client chooses what an operator's terminal shows.
func TestAnExplanationHasNoCharacterThatATerminalActsOn(t *testing.T) {
	x := Explanation{Outcome: "denied", Method: "GET", Host: "s3.example", Path: "/b/k\x1b[31mred\nprincipal  root", Note: "the claim a\x1b[2J",
		Targets: []TargetAccount{{Action: "s3:GetObject", Resource: "arn:aws:s3:::b/k\x1b[31m", Effect: "implicitDeny"}}}
	var b strings.Builder
	if err := x.WriteText(&b, "403"); err != nil {
		t.Fatal(err)
	}
	if text := b.String(); strings.ContainsRune(text, '\x1b') || strings.Contains(text, "\nprincipal  root") || !strings.Contains(text, `/b/k\x1b[31mred\n`) {
		t.Errorf("%q", text)
	}
}
