package login

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/sluicegate/sluice/authz"
	"github.com/sluicegate/sluice/authz/revoke"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
)

// wantGone fails the test unless the cookie is no session's any more.
func (w *world) wantGone(s *Service, cookie string) {
	w.t.Helper()
	if user, err := w.resolve(s, cookie); !gone(err) {
		w.t.Errorf("the cookie is of %q, %v", user, err)
	}
}

func (w *world) wantUser(s *Service, cookie, user string) {
	w.t.Helper()
	if got, err := w.resolve(s, cookie); err != nil || got != "sub-"+user {
		w.t.Errorf("the cookie is of %q, %v", got, err)
	}
}

func TestASessionIsServedByEveryProcess(t *testing.T) {
	w := newWorld(t)
	a, b := w.service(), w.service()
	cookie := w.signIn(a)
	w.wantUser(a, cookie, "ann")
	w.wantUser(b, cookie, "ann")
	if _, cached, err := b.Subject(t.Context(), cookie, testHost, w.clock()); err != nil || !cached {
		t.Errorf("the second request: %v %v", cached, err)
	}
	w.pass(12 * time.Hour)
	w.wantGone(a, cookie)
	w.wantGone(w.service(), cookie)
}

func TestForgedCookiesReadNothing(t *testing.T) {
	w := newWorld(t)
	s := w.service()
	cookie := w.signIn(s)
	elsewhere := w.service(func(o *Options) { o.ClientID = "another" })
	w.wantGone(elsewhere, cookie)
	for _, forged := range []string{"", "x", cookie[1:], cookie + "A", cookie[:60] + "AAAA" + cookie[64:], cookie[:len(cookie)-4] + "AAAA"} {
		if forged != cookie {
			w.wantGone(s, forged)
		}
	}
	for range 2 { // from the store, and from memory
		if _, _, err := s.Subject(t.Context(), cookie, "b.example", w.clock()); !fault.Is(err, fault.NotAuthorized) {
			t.Errorf("on another host: %v", err)
		}
		w.wantUser(s, cookie, "ann")
	}
}

func TestASessionThatEndedIsRevokedEverywhere(t *testing.T) {
	w := newWorld(t)
	a, b := w.service(), w.service()
	cookie := w.signIn(a)
	other := w.signIn(a)
	subject, _, err := b.Subject(t.Context(), cookie, testHost, w.clock())
	must(t, err)
	if _, err := a.End(t.Context(), cookie, testHost); err != nil {
		t.Fatal(err)
	}
	ended := w.clock()
	w.wantGone(a, cookie)
	w.wantUser(a, other, "ann")
	revocations := &authz.IndexRevocations{Index: w.index}
	if !revocations.Revoked(subject.Principal) {
		t.Error("the index does not know it")
	}
	// The other process has it in memory, asks because it is revoked, and finds out.
	w.pass(3 * time.Second)
	if _, err := b.Renew(t.Context(), cookie, testHost, subject); !gone(err) {
		t.Errorf("%v", err)
	}
	w.wantGone(b, cookie)
	if kept, err := still(w, other); err != nil || revocations.Revoked(kept.Principal) {
		t.Errorf("the other session is revoked too: %v", err)
	}
	// A process that starts now reads the revocation.
	var live []store.Revocation
	must(t, w.store.View(t.Context(), func(tx store.Tx) (err error) {
		live, err = tx.Revocations.Live(w.clock())
		return err
	}))
	// A full index combines it with others up to its time, which must be that of the session's tokens or later.
	if len(live) != 1 || live[0].Kind != string(revoke.KindFamily) || live[0].NotBefore.Before(ended.Add(revoke.MaxLead).Truncate(time.Second)) {
		t.Errorf("%+v", live)
	}
	await(a)
	if w.revoked != 1 {
		t.Errorf("the provider heard %d times", w.revoked)
	}
}

func still(w *world, cookie string) (*authz.Subject, error) {
	s, _, err := w.service().Subject(w.t.Context(), cookie, testHost, w.clock())
	return s, err
}

func TestWithoutRedisProcessesNoticeWithinAMinute(t *testing.T) {
	w := newWorld(t)
	a, b := w.service(), w.service()
	cookie := w.signIn(a)
	w.wantUser(b, cookie, "ann")
	if _, err := a.End(t.Context(), cookie, testHost); err != nil {
		t.Fatal(err)
	}
	w.pass(checkEvery)
	w.wantUser(b, cookie, "ann") // and looks after it
	await(b)
	w.wantGone(b, cookie)
}

func TestAUserHasABoundedNumberOfSessions(t *testing.T) {
	w := newWorld(t)
	s := w.service()
	first := w.signIn(s)
	w.wantUser(s, first, "ann")
	for range maxSessions {
		w.pass(time.Millisecond)
		w.signIn(s)
	}
	w.wantGone(w.service(), first)
	w.set(func(w *world) { w.user = "bob" })
	w.wantUser(s, w.signIn(s), "bob")
}

func TestASignInEndsTheSessionBefore(t *testing.T) {
	w := newWorld(t)
	s := w.service()
	old := w.signIn(s)
	a, state, nonce := w.begin(s)
	made, err := s.Finish(t.Context(), Answer{Host: testHost, Cookie: a.Cookie, State: state, Code: nonce, Issuer: testIssuer, Old: old})
	must(t, err)
	if made.Cookie == old {
		t.Error("the session is the same")
	}
	w.wantGone(s, old)
	w.wantUser(s, made.Cookie, "ann")
}

func TestASessionWithoutARefreshTokenEndsWithItsTokens(t *testing.T) {
	w := newWorld(t)
	w.refresh = false
	s := w.service()
	cookie := w.signIn(s)
	w.pass(time.Hour - time.Second)
	w.wantUser(s, cookie, "ann")
	w.pass(time.Second)
	w.wantGone(s, cookie)
}

func TestOneProcessRenewsForAll(t *testing.T) {
	w := newWorld(t)
	services := []*Service{w.service(), w.service(), w.service()}
	cookie := w.signIn(services[0])
	w.pass(2 * time.Hour)
	var running sync.WaitGroup
	errs := make(chan error, 60)
	for i := range 60 {
		running.Go(func() {
			if user, err := w.resolve(services[i%3], cookie); err != nil || user != "sub-ann" {
				errs <- fmt.Errorf("%q %w", user, err)
			}
		})
	}
	running.Wait()
	close(errs)
	for err := range errs {
		t.Error(err)
	}
	if w.renewals != 1 {
		t.Errorf("renewed %d times", w.renewals)
	}
}

func TestTokensAreRenewedInTheBackground(t *testing.T) {
	w := newWorld(t)
	s := w.service()
	cookie := w.signIn(s)
	for range 39 { // in use, and compared with the store each minute
		w.pass(time.Minute)
		w.wantUser(s, cookie, "ann")
		await(s)
	}
	if w.renewals != 0 {
		t.Fatalf("renewed after 39 of 60 minutes")
	}
	w.set(func(w *world) { w.err = errAway })
	for range 10 {
		w.pass(time.Minute)
		w.wantUser(s, cookie, "ann") // the provider is away, without effect
		await(s)
	}
	if w.renewals == 0 || w.renewals > 20 {
		t.Errorf("asked the provider that is away %d times", w.renewals)
	}
	w.set(func(w *world) { w.err, w.renewals = nil, 0 })
	w.pass(time.Minute)
	w.wantUser(s, cookie, "ann")
	await(s)
	w.pass(30 * time.Minute) // past the end of the first tokens
	w.wantUser(s, cookie, "ann")
	if w.renewals != 1 {
		t.Errorf("renewed %d times", w.renewals)
	}
}

func TestAnAwayProviderMakesASessionUndecidable(t *testing.T) {
	w := newWorld(t)
	s := w.service()
	cookie := w.signIn(s)
	w.pass(2 * time.Hour)
	w.set(func(w *world) { w.err = errAway })
	if _, err := w.resolve(s, cookie); err == nil || gone(err) {
		t.Errorf("%v", err)
	}
	w.set(func(w *world) { w.err = nil })
	w.pass(time.Second)
	w.wantUser(s, cookie, "ann")
}

func TestAProviderThatRefusesEndsTheSession(t *testing.T) {
	w := newWorld(t)
	s := w.service()
	cookie := w.signIn(s)
	w.pass(2 * time.Hour)
	w.set(func(w *world) { w.err = &Refused{Code: "invalid_grant"} })
	w.wantGone(s, cookie)
	w.set(func(w *world) { w.err = nil })
	w.wantGone(w.service(), cookie)
}

func TestRenewedTokensOfAnotherUserAreRefused(t *testing.T) {
	w := newWorld(t)
	s := w.service()
	cookie := w.signIn(s)
	w.pass(2 * time.Hour)
	w.set(func(w *world) { w.user = "mallory" })
	if user, err := w.resolve(s, cookie); err == nil {
		t.Errorf("the session is of %s now", user)
	}
}

func TestALeaseOfAProcessThatDiedEnds(t *testing.T) {
	w := newWorld(t)
	s := w.service()
	cookie := w.signIn(s)
	w.pass(2 * time.Hour)
	must(t, w.store.Update(t.Context(), func(tx store.Tx) error {
		list, err := tx.EdgeSessions.OfSubject(s.id, testIssuer, "sub-ann")
		if err != nil || len(list) != 1 {
			return fmt.Errorf("%d sessions, %w", len(list), err)
		}
		list[0].LeasedUntil = w.now.Add(lease)
		return tx.EdgeSessions.Update(list[0])
	}))
	w.pass(lease)
	w.wantUser(s, cookie, "ann")
}

func TestAShorterLifetimeHoldsForSessionsThatExist(t *testing.T) {
	w := newWorld(t)
	cookie := w.signIn(w.service())
	short := w.service(func(o *Options) { o.Lifetime = 30 * time.Minute })
	w.wantUser(short, cookie, "ann")
	w.pass(30 * time.Minute)
	w.wantGone(short, cookie)
	w.wantGone(w.service(func(o *Options) { o.Lifetime = 30 * time.Minute }), cookie)
}

// ALB sends a browser whose session has expired to sign in, also if it denies others. A sweep may have deleted the record.
func TestASessionThatIsNotInTheStoreHasExpired(t *testing.T) {
	w := newWorld(t)
	cookie := w.signIn(w.service())
	must(t, w.store.Update(t.Context(), func(tx store.Tx) error {
		_, err := tx.EdgeSessions.DeleteExpired(w.clock().Add(24*time.Hour), 0)
		return err
	}))
	if _, err := w.resolve(w.service(), cookie); fault.KindOf(err) != fault.ExpiredToken {
		t.Errorf("%v", err)
	}
}

func TestNoRefreshTokenOfASessionThatEndedIsForgotten(t *testing.T) {
	w := newWorld(t)
	s := w.service()
	var cookies []string
	for range maxSessions + 3 { // three end because there are too many
		w.pass(time.Millisecond)
		cookies = append(cookies, w.signIn(s))
	}
	for range maxBackground { // the machine is too busy
		s.background <- struct{}{}
	}
	for _, cookie := range cookies[3:] {
		_, err := s.End(t.Context(), cookie, testHost)
		must(t, err)
	}
	for range maxBackground {
		<-s.background
	}
	await(s)
	if w.revoked != len(cookies) {
		t.Errorf("the provider heard of %d of %d", w.revoked, len(cookies))
	}
}
