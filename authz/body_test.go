package authz

import (
	"io"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/bounded"
	"github.com/sluicegate/sluice/credentials/sigv4"
)

// neverRead is a body that fails the test when it is read.
type neverRead struct{ t *testing.T }

func (n neverRead) Read([]byte) (int, error) {
	n.t.Error("the body is read")
	return 0, io.EOF
}

type bodyTimer struct{ limits []time.Duration }

func (b *bodyTimer) LimitBody(d time.Duration) { b.limits = append(b.limits, d) }

// The attacker knows only an access key id and sends requests with bodies that the signature would have to cover.
func TestABodyIsReadOnlyAfterTimeScopeAndKeyAreRight(t *testing.T) {
	g := budgetGate(t)
	sign := func(region, service string, ahead time.Duration, c sigv4.Credentials) *Request {
		r := get("POST", "/api/x", "")
		r.ContentLength, r.Body = 1<<20, neverRead{t}
		s := &sigv4.Request{Method: r.Method, Host: r.Host, RawPath: r.RawPath, Header: r.Header}
		if err := sigv4.Sign(s, c, sigv4.SignOptions{Time: testNow.Add(ahead), Region: region, Service: service, PayloadHash: sigv4.HashPayload(nil)}); err != nil {
			t.Fatal(err)
		}
		r.Header.Del("X-Amz-Content-Sha256")
		return r
	}
	for name, r := range map[string]*Request{
		"another region":  sign("eu-west-9", "execute-api", 0, rootCredentials()),
		"another service": sign(testRegion, "s3", 0, rootCredentials()),
		"an old time":     sign(testRegion, "execute-api", -time.Hour, rootCredentials()),
		"an unknown key":  sign(testRegion, "execute-api", 0, sigv4.Credentials{AccessKeyID: "AKIAIOSFODNN7EXAMPLF", SecretAccessKey: "x"}),
	} {
		t.Run(name, func(t *testing.T) { want(t, g.Engine, r, Unauthenticated) })
	}
}

func TestStalledBodiesStayWithinOneBudgetAndADeadline(t *testing.T) {
	g := budgetGate(t)
	ask := func(body io.Reader, timer BodyTimer) *Request {
		r := g.sign(get("POST", "/api/x", ""), sigv4.Credentials{AccessKeyID: rootCredentials().AccessKeyID, SecretAccessKey: "wrong"},
			"execute-api", sigv4.HashPayload(nil))
		r.Header.Del("X-Amz-Content-Sha256")
		r.ContentLength, r.Body, r.Timer, r.ClientIP = 1<<20, body, timer, netip.MustParseAddr("192.0.2.1")
		return r
	}
	waits, leave, done := make(chan struct{}), make(chan struct{}), make(chan Result)
	held := 0
	for range 10 {
		go func() {
			done <- g.Authorize(t.Context(), ask(io.MultiReader(strings.NewReader(strings.Repeat("a", 1<<20-1)), &pause{waits, leave}), nil))
		}()
		select {
		case <-waits:
			held++
		case r := <-done:
			if r.Outcome != Undecidable || r.Refusal.Reason != Unavailable {
				t.Errorf("%s %+v", r.Outcome, r.Refusal)
			}
		}
	}
	if bytes := g.o.Bodies.Held(); held < 2 || held > 4 || bytes > 4<<20 {
		t.Errorf("%d bodies are stalled with %d bytes", held, bytes)
	}
	var timer bodyTimer
	if r := want(t, g.Engine, ask(strings.NewReader("a"), &timer), Unauthenticated); r.Refusal.Name() != "signature_signature_does_not_match" {
		t.Errorf("small body during stalled ones: %+v", r.Refusal)
	}
	if len(timer.limits) != 2 || timer.limits[0] != MaxBodyTime || timer.limits[1] != 0 {
		t.Errorf("limits %v", timer.limits)
	}
	close(leave)
	for range held {
		<-done
	}
	if g.o.Bodies.Held() != 0 {
		t.Error("bytes are held after all requests have ended")
	}
}

// pause reports that it waits, and ends when the test releases it.
type pause struct {
	waits chan<- struct{}
	leave <-chan struct{}
}

func (p *pause) Read([]byte) (int, error) {
	p.waits <- struct{}{}
	<-p.leave
	return 0, io.ErrUnexpectedEOF
}

// budgetGate accepts signatures for execute-api, which cover bodies without a hash in a header, and has a small body
// budget.
func budgetGate(t *testing.T) *signedGate {
	return newSignedGate(t, httpMapping(), "execute-api", func(o *Options) { o.Bodies = bounded.NewBudget(8<<20, 4<<20) })
}
