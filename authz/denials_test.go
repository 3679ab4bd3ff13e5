package authz

import (
	"bytes"
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/authz/policy"
	"github.com/sluicegate/sluice/credentials/sigv4"
)

// The attacker sends refused requests with many targets each to a route with many statements.
func TestStoredRefusalsAreLimitedInBytes(t *testing.T) {
	denials := NewDenials(512)
	g := newSignedGate(t, &S3Mapping{Region: testRegion, Account: testAccount, Prefix: "/s3"}, "s3", func(o *Options) { o.Denials = denials })
	g.roles.set(testRole, ownPrefix)
	var body strings.Builder
	body.WriteString("<Delete>")
	for i := range maxExplained {
		fmt.Fprintf(&body, "<Object><Key>%d%s</Key></Object>", i, strings.Repeat("k", 1000))
	}
	body.WriteString("</Delete>")
	var last string
	for range 1000 {
		r := get("POST", "/s3/photos?delete", "")
		r.ContentLength, r.Body = int64(body.Len()), strings.NewReader(body.String())
		signed := g.sign(r, g.credentials(record("us-east-1:x", nil)), "s3", sigv4.HashPayload([]byte(body.String())))
		last = want(t, g.Engine, signed, Denied).DecisionID
	}
	if denials.bytes > denials.maxBytes || denials.bytes < denials.maxBytes/2 {
		t.Errorf("%d bytes are stored", denials.bytes)
	}
	sum := 0
	for _, d := range denials.byID {
		sum += d.bytes
	}
	if sum != denials.bytes || len(denials.byID) == 0 || len(denials.byID) == 512 {
		t.Errorf("%d denials of %d bytes, counted %d", len(denials.byID), sum, denials.bytes)
	}
	d, ok := denials.Get(last)
	if !ok || len(d.Targets) != maxExplained || len(d.Targets[0].Accounts) == 0 || len(d.Targets[0].Accounts[0].Statements) == 0 {
		t.Errorf("the last one is not explained: %+v", d)
	}
}

// Each refusal once held the accounts of 20 keys with 200 statements, 4 MiB in total.
func TestRefusalsOfManyKeysOnARouteWithManyStatementsHoldLittleMemory(t *testing.T) {
	const refusals, keys, statements, most = 560, 20, 200, 16 << 20
	denials := NewDenials(0)
	g := newSignedGate(t, &S3Mapping{Region: testRegion, Account: testAccount, Prefix: "/s3"}, "s3", func(o *Options) {
		o.Denials = denials
		for i := range statements {
			o.Policies = append(o.Policies, policy.Source{Name: fmt.Sprint("statement ", i), Document: must(policy.Parse(fmt.Appendf(nil,
				`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::photos/%d/*"}}`, i), policy.Identity))})
		}
	})
	g.roles.set(testRole, ownPrefix)
	var body strings.Builder
	body.WriteString("<Delete>")
	for i := range keys {
		fmt.Fprintf(&body, "<Object><Key>%s%d</Key></Object>", strings.Repeat("k", 1000), i)
	}
	body.WriteString("</Delete>")
	credentials, hash := g.credentials(record("us-east-1:x", nil)), sigv4.HashPayload([]byte(body.String()))
	refuse := func() string {
		r := get("POST", "/s3/photos?delete", "")
		r.ContentLength, r.Body = int64(body.Len()), strings.NewReader(body.String())
		return want(t, g.Engine, g.sign(r, credentials, "s3", hash), Denied).DecisionID
	}
	live := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	refuse()
	before := live()
	last := ""
	for range refusals {
		last = refuse()
	}
	if after := live(); after > before+most {
		t.Errorf("%d refusals take %d KiB", refusals, (after-before)>>10)
	}
	if d, ok := denials.Get(last); !ok || len(d.Targets) != keys {
		t.Errorf("the last one is not explained: %+v", d)
	}
	runtime.KeepAlive(denials)
}

func TestALargeRequestIsKeptWithoutItsInputs(t *testing.T) {
	denials := NewDenials(4)
	e := tokenGate(t, newClock(), func(o *Options) { o.Denials = denials }, "allow group readers GET /api/*")
	r := get("GET", "/api/x", bearerToken("alice", nil))
	r.Header.Set("X-Large", strings.Repeat("x", maxKeptCall))
	d, ok := denials.Get(want(t, e, r, Denied).DecisionID)
	if !ok || d.Note == "" || len(d.Targets) != 1 || d.Targets[0].Accounts != nil || denials.bytes > 4096 {
		t.Errorf("%d bytes, %+v", denials.bytes, d)
	}
}

func TestADenialIsExplainedLikeTheRequest(t *testing.T) {
	denials := NewDenials(4)
	source := policy.Source{Name: "conditions", Document: must(policy.Parse([]byte(`{"Version":"2012-10-17","Statement":[
	 {"Sid":"a","Effect":"Allow","Action":"*","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}},
	 {"Sid":"b","Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{"http:header/X-Team":"blue","http:query/team":"blue",
	  "http:method":"PUT","http:host":"x","http:path":"/y","jwt:team":"blue","aws:username":"bob","aws:UserAgent":"x","cognito:groups":"x",
	  "http:header/Authorization":"x","http:query/access_token":"x","aws:CurrentTime":"x","aws:SecureTransport":"x"}}},
	 {"Sid":"c","Effect":"Allow","Action":"*","Resource":"arn:aws:execute-api:*:*:*/${aws:username}"}
	]}`), policy.Identity))}
	e := tokenGate(t, newClock(), func(o *Options) { o.Denials, o.Policies = denials, []policy.Source{source} })
	request := func() *Request {
		r := get("GET", "/api/x?team=red&t=1", bearerToken("alice", map[string]any{"cognito:groups": []string{"readers"}, "team": "red"}))
		r.Header.Set("X-Team", "red")
		return r
	}
	r := request()
	id := want(t, e, r, Denied).DecisionID
	clear(r.Header)
	*r = Request{}
	d, ok := denials.Get(id)
	if !ok {
		t.Fatal("the denial was not stored")
	}
	got, explained := must(json.Marshal(d.Explanation)), must(json.Marshal(e.Explain(t.Context(), request())))
	if !bytes.Equal(got, explained) {
		t.Errorf("got  %s\nwant %s", got, explained)
	}
	if n := len(denials.Recent(9)); n != 1 || denials.Recent(9)[0].Targets[0].Accounts != nil {
		t.Errorf("%d recent", n)
	}
}

func TestADenialKeepsNoCredential(t *testing.T) {
	denials := NewDenials(4)
	e := tokenGate(t, newClock(), func(o *Options) { o.Denials = denials }, "allow group readers GET /api/*")
	bearer := bearerToken("alice", nil)
	r := get("GET", "/api/x?a=1", bearer)
	r.Header.Set("Cookie", "secret")
	kept := denials.byID[want(t, e, r, Denied).DecisionID].asked.call
	if got := new(counter).query("a=1&X-Amz-Signature=f00&b=2&%61ccess_token=x"); got != "a=1&b=2" {
		t.Errorf("query %q", got)
	}
	if kept.r.Header["Authorization"] != nil || kept.r.Header["Cookie"] != nil || kept.credential.value != "" {
		t.Errorf("%q %v", kept.r.RawQuery, kept.r.Header)
	}
}

// A stored denial must not keep the engine of an old configuration in memory.
func TestADenialIsFoundAfterItsEngineIsGone(t *testing.T) {
	denials := NewDenials(4)
	id := func() string {
		e := tokenGate(t, newClock(), func(o *Options) { o.Denials = denials }, "allow group readers GET /api/*")
		return want(t, e, get("GET", "/api/x", bearerToken("alice", nil)), Denied).DecisionID
	}()
	for range 100 {
		runtime.GC()
		if d, _ := denials.Get(id); strings.Contains(d.Note, "configuration has changed") {
			return
		}
	}
	t.Error("the engine is still in memory")
}
