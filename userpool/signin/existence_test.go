package signin_test

import (
	"crypto/rand"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/directory"
	"github.com/sluicegate/sluice/userpool/factors"
	"github.com/sluicegate/sluice/userpool/idp"
)

// Threat: an attacker finds out which users exist. Every flow and challenge gives the same answers in the same order for a user
// and for a name that no user has: kinds and texts of errors, challenges, AvailableChallenges, parameters, lengths of sessions,
// delivery details, lockout and limits. The store does the same number of reads and writes.
func TestNoFlowRevealsWhetherAUserExists(t *testing.T) {
	for _, place := range crowds {
		t.Run(place.name, func(t *testing.T) {
			w := &watched{}
			c := place.open(newHarness(t, queued(t, w)))
			for _, conversation := range place.talks {
				t.Run(conversation.name, func(t *testing.T) {
					c.Clock.Forward(2 * time.Hour) // no lockout or limit is left
					c.warm()
					for round := range 8 { // through the lockout
						user, nobody := c.lines(w, conversation, c.user), c.lines(w, conversation, c.nobody)
						if !slices.Equal(user, nobody) {
							t.Fatalf("round %d:\n%s\nfor a user,\n%s\nfor an unknown name", round, strings.Join(user, "\n"), strings.Join(nobody, "\n"))
						}
					}
				})
			}
		})
	}
}

// lines has the conversation and returns what the attacker sees and what the store does.
func (c *crowd) lines(w *watched, talk conversation, name string) (list []string) {
	for _, call := range talk.calls(c, name) {
		w.views, w.updates = 0, 0
		line := call()
		c.Settle()
		list = append(list, fmt.Sprintf("%s, %d reads, %d writes", line, w.views, w.updates))
	}
	return list
}

// warm fills the caches of pool and client, which expire.
func (c *crowd) warm() {
	c.T.Helper()
	if _, err := c.SignIn(c.client, "carol", password); err != nil {
		c.T.Fatal(err)
	}
}

func TestTheLimitOfCodesRevealsNoUser(t *testing.T) {
	c := openCodes(newHarness(t, queued(t, nil)))
	for i := range 25 {
		a, b := seen(prefer(c.harness, c.client, c.user, "EMAIL_OTP")), seen(prefer(c.harness, c.client, c.nobody, "EMAIL_OTP"))
		if a != b {
			t.Fatalf("code %d: %s for a user, %s for an unknown name", i, a, b)
		}
	}
	c.Clock.Forward(2 * time.Hour)
	first, second := mustPrefer(t, c.harness, c.client, c.nobody, "EMAIL_OTP"), mustPrefer(t, c.harness, c.client, c.nobody, "EMAIL_OTP")
	if !maps.Equal(first.Parameters, second.Parameters) {
		t.Error("what is shown of an unknown name changes:", first.Parameters, second.Parameters)
	}
}

// Threat: a user has an uncommon choice of challenges, and no unknown name is ever shown that choice.
func TestUsersOfEveryKindHaveUnknownNamesThatLookAlike(t *testing.T) {
	h := newHarness(t)
	s := firstFactors("PASSWORD", "EMAIL_OTP", "SMS_OTP", "WEB_AUTHN")
	s.AutoVerifiedAttributes = []string{"email"}
	s.WebAuthnConfiguration = &userpool.WebAuthnConfig{RelyingPartyID: relyingParty}
	c := openCrowd(h, s)
	if _, err := h.Pools.SetUserPoolMfaConfig(t.Context(), c.pool, userpool.MFAChange{Configuration: "OPTIONAL", Token: tokenOn}); err != nil {
		t.Fatal(err)
	}
	h.User(c.pool, "email", attr("email", "email@example.com"))
	h.User(c.pool, "twice", attr("email", "twice@example.com"))
	c.register("twice")
	c.register("twice")
	h.User(c.pool, "totps", attr("email", "totps@example.com"))
	(&mfaBench{h, c.pool, c.client}).enroll("totps")
	if _, err := h.Users.AdminCreateUser(t.Context(), directory.AdminCreateInput{PoolID: c.pool, Username: "codes", Action: "SUPPRESS",
		Attributes: []userpool.Attribute{attr("email", "codes@example.com")}}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"alice", "email", "twice", "totps", "codes"} {
		c.user = name
		t.Log(name, seen(prefer(h, c.client, name, "")), c.findNobody("").nobody)
		c.findNobody("WEB_AUTHN")
	}
	if err := h.Factors.AdminSetUserMFAPreference(t.Context(), c.pool, "totps", factors.Preference{Token: &factors.Setting{}}); err != nil {
		t.Fatal(err)
	}
	c.user = "totps"
	c.findNobody("")
}

// quiet lets the disk rest before a call.
const quiet = 10 * time.Millisecond

// BenchmarkWhoExists reports the medians of the times of a user's and of an unknown name's conversations, and their ratio, for every
// flow, challenge, recovery and sign-up. What happens after an answer, such as the delivery of a code, is not measured, and each call
// begins with the disk in the same state. The conversations of both alternate.
func BenchmarkWhoExists(b *testing.B) {
	for _, place := range crowds {
		b.Run(place.name, func(b *testing.B) {
			c := place.open(newHarness(b, queued(b, nil), func(o *idp.Options) { o.Queue = later{o.Queue} }))
			for _, conversation := range place.talks {
				b.Run(conversation.name, func(b *testing.B) { c.compareTimes(b, conversation) })
			}
		})
	}
}

// later is a queue that sends after the call was measured.
type later struct{ directory.Queue }

// Wake does nothing.
func (later) Wake() {}

// compareTimes reports the times of a conversation.
func (c *crowd) compareTimes(b *testing.B, talk conversation) {
	var user, nobody []time.Duration
	for b.Loop() {
		c.Clock.Forward(2 * time.Hour)
		c.warm()
		if len(user)%2 == 0 {
			user, nobody = append(user, c.time(talk, c.user)), append(nobody, c.time(talk, c.nobody))
		} else {
			nobody, user = append(nobody, c.time(talk, c.nobody)), append(user, c.time(talk, c.user))
		}
	}
	b.ReportMetric(float64(median(user).Microseconds()), "µs-user")
	b.ReportMetric(float64(median(nobody).Microseconds()), "µs-unknown")
	b.ReportMetric(float64(median(nobody))/float64(median(user)), "unknown/user")
}

// time returns how long the calls of a conversation take together. Before each call it makes a durable write, so that the disk is
// in the same state whether or not a message was sent.
func (c *crowd) time(talk conversation, name string) (sum time.Duration) {
	for _, call := range talk.calls(c, name) {
		err := c.Store.Update(c.T.Context(), func(tx store.Tx) error { return tx.Settings.Put("test/before each call", []byte(rand.Text())) })
		if err != nil {
			c.T.Fatal(err)
		}
		time.Sleep(quiet)
		start := time.Now()
		_ = call() // its answer is the subject of the other test
		sum += time.Since(start)
		c.Options.Queue.(later).Queue.Wake()
		c.Settle()
	}
	return sum
}

func median(times []time.Duration) time.Duration {
	return slices.Sorted(slices.Values(times))[len(times)/2]
}
