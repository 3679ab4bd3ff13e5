package authz

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/authz/decisionlog"
	"github.com/sluicegate/sluice/authz/policy"
	"github.com/sluicegate/sluice/bounded"
	"github.com/sluicegate/sluice/credentials/sigv4"
)

// deletion returns the body of a request that deletes n objects.
func deletion(n int, key func(i int) string) string {
	var b strings.Builder
	b.WriteString("<Delete>")
	for i := range n {
		b.WriteString("<Object><Key>" + key(i) + "</Key></Object>")
	}
	return b.String() + "</Delete>"
}

func (g *signedGate) post(target, body string, c sigv4.Credentials) *Request {
	r := get("POST", target, "")
	r.ContentLength, r.Body = int64(len(body)), strings.NewReader(body)
	return g.sign(r, c, "s3", sigv4.HashPayload([]byte(body)))
}

func TestAKeptDenialKeepsNoBody(t *testing.T) {
	denials := NewDenials(512)
	g := newSignedGate(t, &S3Mapping{Region: testRegion, Account: testAccount}, "s3", func(o *Options) { o.Denials = denials })
	g.roles.set(testRole)
	c := g.credentials(record("us-east-1:x", nil))
	body := deletion(900, func(i int) string { return fmt.Sprintf("%d/%s", i, strings.Repeat("&#107;", 600)) })
	heap := func() int64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	before := heap()
	for range 20 {
		want(t, g.Engine, g.post("/photos?delete", body, c), Denied)
	}
	if grown := heap() - before; grown > 4<<20 { // 20 bodies are 60 MiB
		t.Errorf("20 denials keep %d KiB", grown>>10)
	}
	runtime.KeepAlive(denials)
}

// heldWhileDeciding notes what the budget counts while a request is decided.
type heldWhileDeciding struct {
	bodies *bounded.Budget
	most   int64
}

func (h *heldWhileDeciding) Authorized(Outcome, string, string, bool) {
	h.most = max(h.most, h.bodies.Held())
}

func TestABodyCountsUntilItIsDecidedOn(t *testing.T) {
	h := &heldWhileDeciding{bodies: DefaultBodies()}
	g := newSignedGate(t, &S3Mapping{Region: testRegion, Account: testAccount}, "s3", func(o *Options) { o.Bodies, o.Observer = h.bodies, h })
	g.roles.set(testRole)
	body := deletion(900, func(i int) string { return fmt.Sprintf("%d/%s", i, strings.Repeat("k", 600)) })
	want(t, g.Engine, g.post("/photos?delete", body, g.credentials(record("us-east-1:x", nil))), Denied)
	if h.most < 256<<10 || h.bodies.Held() != 0 {
		t.Errorf("%d bytes counted while deciding, %d afterwards", h.most, h.bodies.Held())
	}
}

func TestAnExplanationGivesTheBodyBackToTheBudget(t *testing.T) {
	bodies := DefaultBodies()
	g := newSignedGate(t, &S3Mapping{Region: testRegion, Account: testAccount}, "s3", func(o *Options) { o.Bodies = bodies })
	g.roles.set(testRole)
	body := deletion(900, func(i int) string { return fmt.Sprintf("%d/%s", i, strings.Repeat("k", 600)) })
	x := g.Explain(t.Context(), g.post("/photos?delete", body, g.credentials(record("us-east-1:x", nil))))
	if len(x.Targets) == 0 || bodies.Held() != 0 {
		t.Errorf("%d targets explained, %d bytes are still counted", len(x.Targets), bodies.Held())
	}
}

func TestADenialOfAPartExplainsTheOperationThatItWas(t *testing.T) {
	g := newSignedGate(t, &S3Mapping{Region: testRegion, Account: testAccount}, "s3", func(o *Options) { o.Denials = NewDenials(4) })
	g.roles.set(testRole, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"},
		{"Sid":"Parts","Effect":"Deny","Action":"s3:PutObject","Resource":"*","Condition":{"Bool":{"s3:ObjectCreationOperation":"false"}}}]}`)
	c := g.credentials(record("us-east-1:x", nil))
	id := want(t, g.Engine, g.ask("PUT", "/photos/k?partNumber=1&uploadId=u", c), Denied).DecisionID
	d, ok := g.o.Denials.Get(id)
	if !ok || d.Note != "" || !strings.Contains(string(must(json.Marshal(d))), `"Parts"`) {
		t.Fatalf("%s", must(json.Marshal(d)))
	}
}

func TestAnUnsignedDocumentIsHandedToTheUpstream(t *testing.T) {
	e := tokenGate(t, newClock(), func(o *Options) { o.Mapping = &S3Mapping{Region: testRegion, Account: testAccount} }, "allow any * *")
	r := get("POST", "/photos?delete", bearerToken("alice", nil))
	body := deletion(1, func(int) string { return "k" })
	r.ContentLength, r.Body = int64(len(body)), strings.NewReader(body)
	if result := want(t, e, r, Allowed); !strings.Contains(string(result.Body), "<Key>k</Key>") {
		t.Errorf("the upstream gets %q", result.Body)
	}
}

func TestShadowModePassesWholeBodiesOnly(t *testing.T) {
	g := newSignedGate(t, httpMapping(), "execute-api", func(o *Options) { o.Mode = ModeShadow })
	g.roles.set(testRole)
	c := g.credentials(record("us-east-1:x", nil))
	ask := func(sent io.Reader, signedFor string) Result {
		r := get("POST", "/notes", "")
		r.ContentLength, r.Body = 5, sent
		return g.Authorize(t.Context(), g.sign(r, c, "execute-api", sigv4.HashPayload([]byte(signedFor))))
	}
	if r := ask(strings.NewReader("hallo"), "hello"); !r.Pass || r.Outcome != Unauthenticated || string(r.Body) != "hallo" {
		t.Errorf("pass %v with %q", r.Pass, r.Body)
	}
	broken := io.MultiReader(strings.NewReader("ha"), readerFunc(func([]byte) (int, error) { return 0, errors.New("reset") }))
	if r := ask(broken, "hello"); r.Pass || r.Refusal == nil {
		t.Errorf("half a body passes: %v", r.Refusal)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func TestAPresignedRequestIsDecidedOnAgainAsItWasSent(t *testing.T) {
	var g *signedGate
	g = newSignedGate(t, &S3Mapping{Region: testRegion, Account: testAccount}, "s3", func(o *Options) {
		o.Outdated = func(context.Context, Reason) bool {
			g.roles.set(testRole, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}`)
			g.roles.version.Add(1)
			return true
		}
	})
	g.roles.set(testRole)
	s := &sigv4.Request{Method: "PUT", Host: "api.example", RawPath: "/photos/k", RawQuery: "x-amz-tagging=a%3Db", Header: http.Header{}}
	signed := must(sigv4.Presign(s, g.credentials(record("us-east-1:x", nil)), sigv4.SignOptions{Time: g.clock.now(), Region: testRegion, Service: "s3",
		PayloadHash: sigv4.UnsignedPayload, Expires: time.Minute}))
	r := get("PUT", "/photos/k?"+signed, "")
	want(t, g.Engine, r, Allowed)
	if got := r.Header["X-Amz-Tagging"]; len(got) != 1 || got[0] != "a=b" {
		t.Errorf("the store gets the tags %q", got)
	}
}

// The SDK for JavaScript presigns the checksum of nothing, which is removed together with the header that announces it.
func TestTheSecondDecisionSeesTheHeadersThatTheFirstRemoved(t *testing.T) {
	const announced = "X-Amz-Sdk-Checksum-Algorithm"
	var g *signedGate
	var r *Request
	removed := false
	g = newSignedGate(t, &S3Mapping{Region: testRegion, Account: testAccount}, "s3", func(o *Options) {
		o.Outdated = func(context.Context, Reason) bool {
			removed = len(r.Header[announced]) == 0
			return true
		}
	})
	g.roles.set(testRole)
	s := &sigv4.Request{Method: "PUT", Host: "api.example", RawPath: "/photos/k", RawQuery: "x-amz-checksum-crc32=AAAAAA%3D%3D", Header: http.Header{announced: {"CRC32"}}}
	signed := must(sigv4.Presign(s, g.credentials(record("us-east-1:x", nil)), sigv4.SignOptions{Time: g.clock.now(), Region: testRegion, Service: "s3",
		PayloadHash: sigv4.UnsignedPayload, Expires: time.Minute}))
	r = get("PUT", "/photos/k?"+signed, "")
	r.ContentLength = 5
	r.Header[announced] = []string{"CRC32"}
	want(t, g.Engine, r, Denied) // and not for a bad signature
	if !removed {
		t.Error("the first decision did not remove the header")
	}
}

func TestAnUnsureAnonymousRequestIsNoDenial(t *testing.T) {
	document := must(policy.Parse([]byte(`{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*",
		"Condition":{"StringEquals":{"http:header/x-team":"a"}}}}`), policy.Identity))
	records := 0
	e := tokenGate(t, newClock(), func(o *Options) {
		o.Denials, o.Policies = NewDenials(4), []policy.Source{{Name: "teams", Document: document}}
		o.Decisions = &decisionlog.Settings{Write: func(*decisionlog.Record) { records++ }}
	}, "allow any * *")
	for bearer, kept := range map[string]int{"": 0, bearerToken("alice", nil): 1} {
		r := get("GET", "/", bearer)
		r.Header["X-Team"] = []string{"a", "b"}
		want(t, e, r, Malformed, AmbiguousValue)
		if got := len(e.o.Denials.Recent(4)); got < kept || bearer == "" && got > records {
			t.Errorf("%d denials, %d records", got, records)
		}
	}
	if len(e.o.Denials.Recent(4)) != 1 || records != 1 {
		t.Errorf("%d denials, %d records, of one principal", len(e.o.Denials.Recent(4)), records)
	}
}

func TestTheRecordOfManyTargetsNamesTheDeniedOne(t *testing.T) {
	var recorded *decisionlog.Record
	g := newSignedGate(t, &S3Mapping{Region: testRegion, Account: testAccount}, "s3", func(o *Options) {
		o.Decisions = &decisionlog.Settings{Write: func(r *decisionlog.Record) { recorded = r }}
	})
	g.roles.set(testRole, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","NotResource":"arn:aws:s3:::photos/60"}}`)
	body := deletion(70, func(i int) string { return fmt.Sprint(i) })
	want(t, g.Engine, g.post("/photos?delete", body, g.credentials(record("us-east-1:x", nil))), Denied)
	if got := recorded.Targets[recorded.Decided].Resource; len(recorded.Targets) != decisionlog.MaxTargets || got != "arn:aws:s3:::photos/60" {
		t.Errorf("%d targets, denied %s", len(recorded.Targets), got)
	}
}

func TestARestoreThatWritesElsewhereIsRefused(t *testing.T) {
	for _, more := range []string{"<Type>SELECT</Type>", "<SelectParameters><Expression>x</Expression></SelectParameters>",
		"<OutputLocation><S3><BucketName>b-2</BucketName><Prefix>p</Prefix></S3></OutputLocation>"} {
		if c, refusal := mapS3(plainS3, "POST", "s3.example", "/b-1/k?restore", nil, "<RestoreRequest>"+more+"</RestoreRequest>"); refusal == nil || refusal.Reason != UnknownRequest {
			t.Errorf("%s: %s, %v", more, c.needs(), refusal)
		}
	}
}
