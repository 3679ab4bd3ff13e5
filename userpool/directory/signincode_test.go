package directory_test

import (
	"fmt"
	"regexp"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/message"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/directory"
	"github.com/sluicegate/sluice/userpool/idp"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

var mfaCode = directory.SignInCode{Purpose: "mfa:EMAIL_OTP", Attribute: "email", Digits: 6, Life: 3 * time.Minute, Known: true}

// codeBench is a pool with alice, who has an address.
type codeBench struct {
	*userpooltest.Harness
	pool   *userpool.Pool
	client *userpool.Client
	ticket directory.Ticket // of the last code
}

func newCodeBench(t *testing.T, settings userpool.PoolSettings, change ...func(*idp.Options)) *codeBench {
	t.Helper()
	h := userpooltest.New(t, change...)
	p := h.Pool(settings)
	c := h.Client(p.ID, userpooltest.AllFlows)
	h.User(p.ID, "alice", userpool.Attribute{Name: "email", Value: "alice@example.com"})
	pool, client, err := h.Pools.PoolAndClient(t.Context(), c.ID)
	if err != nil {
		t.Fatal(err)
	}
	return &codeBench{Harness: h, pool: pool, client: client}
}

func (b *codeBench) find(name string) *directory.Subject {
	b.T.Helper()
	s, err := b.Users.Find(b.T.Context(), b.pool, name)
	if err != nil {
		b.T.Fatal(err)
	}
	return s
}

func (b *codeBench) send(name string, in directory.SignInCode) *directory.Delivery {
	b.T.Helper()
	d, ticket, err := b.Users.SendSignInCode(b.T.Context(), b.pool, b.client, b.find(name), in)
	if err != nil {
		b.T.Fatal(err)
	}
	b.ticket = ticket
	return d
}

func (b *codeBench) use(name, digits string) bool {
	b.T.Helper()
	ok, err := b.Users.UseSignInCode(b.T.Context(), b.pool, b.find(name), mfaCode.Purpose, b.ticket, digits, nil)
	if err != nil {
		b.T.Fatal(err)
	}
	return ok
}

func TestACodeOfASignInWorksOnceAndVerifiesItsAddress(t *testing.T) {
	b := newCodeBench(t, userpool.PoolSettings{})
	if d := b.send("alice", mfaCode); d.Destination != "a***@e***" || d.Medium != "EMAIL" {
		t.Errorf("%+v", d)
	}
	code := b.Code()
	if b.use("alice", userpooltest.WrongCode(code)) || !b.use("alice", code) || b.use("alice", code) {
		t.Error("the code must work once")
	}
	if b.Attribute(b.pool.ID, "alice", "email_verified") != "true" {
		t.Error("the address is not verified")
	}
	eight := mfaCode
	eight.Digits = 8
	b.send("alice", eight)
	mails := b.Mails()
	if body := mails[len(mails)-1].Body; !regexp.MustCompile(`^Your authentication code is [0-9]{8}\. $`).MatchString(body) {
		t.Error(body)
	}
}

func TestACodeOfASignInEnds(t *testing.T) {
	b := newCodeBench(t, userpool.PoolSettings{})
	for name, end := range map[string]func(code string){
		"with its time": func(string) { b.Clock.Forward(3 * time.Minute) },
		"with five others": func(string) {
			mine := b.ticket
			for range 5 {
				b.Clock.Forward(time.Second)
				b.send("alice", mfaCode)
			}
			b.ticket = mine
		},
		"after five tries":   func(code string) { tryWrong(b, code) },
		"with a new address": func(string) { setEmail(b, "other@example.com") },
	} {
		setEmail(b, "alice@example.com")
		b.send("alice", mfaCode)
		code := b.Code()
		if end(code); b.use("alice", code) {
			t.Errorf("%s, a code still works", name)
		}
	}
}

// Threat: a code that was sent for one sign-in completes another.
func TestACodeIsRightForTheSignInThatAskedForIt(t *testing.T) {
	b := newCodeBench(t, userpool.PoolSettings{})
	b.send("alice", mfaCode)
	first, code := b.ticket, b.Code()
	b.send("alice", mfaCode)
	if b.ticket == first || b.use("alice", code) {
		t.Error("the code of another sign-in is right")
	}
	if !b.use("alice", b.Code()) {
		t.Error("the second code is wrong")
	}
	if b.ticket = first; !b.use("alice", code) {
		t.Error("the second code voids the first")
	}
}

func tryWrong(b *codeBench, code string) {
	for range 5 {
		b.use("alice", userpooltest.WrongCode(code))
	}
}

func setEmail(b *codeBench, to string) {
	b.T.Helper()
	err := b.Users.AdminUpdateUserAttributes(b.T.Context(), directory.AdminUpdate{PoolID: b.pool.ID, Username: "alice",
		Attributes: []userpool.Attribute{{Name: "email", Value: to}}})
	if err != nil {
		b.T.Fatal(err)
	}
}

// Threat: two sign-ins use one code at the same time.
func TestOfConcurrentUsesOfOneCodeOneWins(t *testing.T) {
	b := newCodeBench(t, userpool.PoolSettings{})
	b.send("alice", mfaCode)
	code := b.Code()
	var right atomic.Int32
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if b.use("alice", code) {
				right.Add(1)
			}
		})
	}
	all.Wait()
	if n := right.Load(); n != 1 {
		t.Errorf("%d calls were right", n)
	}
}

// Threat: an address that another user verified as an alias is taken over by a code, or blocks the sign-in.
func TestACodeMovesNoAlias(t *testing.T) {
	b := newCodeBench(t, userpool.PoolSettings{AliasAttributes: []string{"email"}})
	b.User(b.pool.ID, "bob", userpool.Attribute{Name: "email", Value: "alice@example.com"}, userpool.Attribute{Name: "email_verified", Value: "true"})
	b.send("alice", mfaCode)
	if !b.use("alice", b.Code()) {
		t.Error("the code is right")
	}
	if b.Attribute(b.pool.ID, "alice", "email_verified") == "true" || b.find("alice@example.com").User.Username != "bob" {
		t.Error("the alias moved")
	}
}

// Threat: delivery tells whether a user exists.
func TestACodeForNobodyLooksLikeOne(t *testing.T) {
	b := newCodeBench(t, userpool.PoolSettings{}, func(o *idp.Options) { o.Sender = message.Sender(userpooltest.BrokenSender{}) })
	first := mfaCode
	first.Known = false
	if d := b.send("nancy", first); d.Medium != "EMAIL" || !regexp.MustCompile(`^.\*\*\*@.\*\*\*$`).MatchString(d.Destination) {
		t.Errorf("%+v", d)
	}
	b.send("alice", first) // the failure is not reported
	if b.use("nancy", "123456") {
		t.Error("a code of nobody is right")
	}
	_, _, err := b.Users.SendSignInCode(t.Context(), b.pool, b.client, b.find("alice"), mfaCode)
	wantFault(t, err, fault.CodeDeliveryFailure, "*")
	for _, name := range []string{"alice", "nancy"} {
		var err error
		for n := 0; err == nil; n++ {
			if n > 25 {
				t.Fatalf("%s gets any number of codes", name)
			}
			_, _, err = b.Users.SendSignInCode(t.Context(), b.pool, b.client, b.find(name), first)
		}
		wantFault(t, err, fault.LimitExceeded, "*")
	}
}

// Threat: an attacker requests so many codes with a user's name that the user gets none, or that the user's code becomes invalid.
func TestStrangersUseUpNeitherAUsersCodesNorVoidThem(t *testing.T) {
	b := newCodeBench(t, userpool.PoolSettings{})
	ask := func(name, address string) (directory.Ticket, error) {
		in := mfaCode
		in.Context.Address = address
		_, ticket, err := b.Users.SendSignInCode(t.Context(), b.pool, b.client, b.find(name), in)
		return ticket, err
	}
	const home = "192.0.2.1"
	for _, name := range []string{"alice", "nobody"} {
		for i := range 21 {
			if _, err := ask(name, "203.0.113.1"); (err != nil) != (i == 20) {
				t.Fatalf("%s: code %d for one network: %v", name, i, err)
			}
		}
		if _, err := ask(name, home); err != nil {
			t.Errorf("%s: one stranger used up the codes: %v", name, err)
		}
	}
	// A right code makes its network familiar.
	ticket, err := ask("alice", home)
	if err != nil {
		t.Fatal(err)
	}
	b.ticket = ticket
	if !b.use("alice", b.Code()) {
		t.Fatal("the code is wrong")
	}
	b.Restart() // which forgets no network
	if ticket, err = ask("alice", home); err != nil {
		t.Fatal(err)
	}
	code := b.Code()
	refused := map[string]bool{}
	for _, name := range []string{"alice", "nobody"} {
		for i := range 200 {
			_, err := ask(name, fmt.Sprintf("198.51.100.%d", i))
			refused[name] = refused[name] || fault.Is(err, fault.LimitExceeded)
		}
	}
	if !refused["alice"] || !refused["nobody"] {
		t.Errorf("many networks: %v", refused)
	}
	b.ticket = ticket
	if !b.use("alice", code) {
		t.Error("strangers voided the code")
	}
	if _, err := ask("alice", home); err != nil {
		t.Error("strangers used up the codes:", err)
	}
}

// Threat: many wrong codes are sent at once, all of them before the first one is counted.
func TestWrongAnswersAtOnceAreBoundedAlsoIfTheUserWasReadLongBefore(t *testing.T) {
	b := newCodeBench(t, userpool.PoolSettings{})
	before := b.find("alice")
	var all sync.WaitGroup
	var checked atomic.Int32
	for range 50 {
		all.Go(func() {
			mine := *before
			err := b.Users.Guard(t.Context(), b.pool, &mine, func(*store.User) (bool, error) {
				checked.Add(1)
				return false, nil
			})
			if err == nil {
				t.Error("a wrong answer was accepted")
			}
		})
	}
	all.Wait()
	if n := checked.Load(); n > 5 {
		t.Errorf("%d answers were checked before the lockout", n)
	}
}
