package signin_test

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/directory"
	"github.com/sluicegate/sluice/userpool/idp"
	"github.com/sluicegate/sluice/userpool/signin"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

// spoken returns the kind and text of an error, as a client gets them.
func spoken(err error) string {
	if err == nil {
		return "fine"
	}
	text, _ := fault.Message(err)
	return fmt.Sprint(fault.KindOf(err), ": ", text)
}

// shape returns the parts of a challenge that are not random: names, lengths, and whether it contains the user name.
func shape(out *signin.Result, err error, name string) string {
	if err != nil {
		return spoken(err)
	}
	lines := []string{out.Challenge, fmt.Sprint("session ", len(out.Session))}
	for _, k := range slices.Sorted(maps.Keys(out.Parameters)) {
		v := out.Parameters[k]
		switch {
		case strings.EqualFold(v, name):
			v = "the name"
		case k == "SRP_B", k == "SALT": // numbers in hexadecimal: some are shorter by a digit or two
			v = fmt.Sprint("about ", (len(v)+4)/8*8, " digits")
		default:
			v = fmt.Sprint(len(v), " characters")
		}
		lines = append(lines, k+" "+v)
	}
	return strings.Join(lines, "\n")
}

// The attack: make sequences of valid, invalid and excessive unsigned calls for a name, and compare the answers with those for
// a name that certainly does not exist. The answers must be equal.
func TestNoSequenceOfUnsignedCallsRevealsUsers(t *testing.T) {
	for kind, settings := range map[string]userpool.PoolSettings{
		"names":     {AutoVerifiedAttributes: []string{"email"}},
		"folded":    {AutoVerifiedAttributes: []string{"email"}, UsernameConfiguration: &userpool.UsernameConfig{}},
		"addresses": {AutoVerifiedAttributes: []string{"email"}, UsernameAttributes: []string{"email"}},
	} {
		h := newHarness(t)
		p := h.Pool(settings)
		c := h.Client(p.ID, allFlows)
		for what, row := range rows() {
			if kind != "names" && !slices.Contains([]string{"SRP, wrong password", "SRP, another user name", "recovery"}, what) {
				continue
			}
			t.Run(kind+", "+what, func(t *testing.T) {
				h.T = t
				known, unknown := "alice"+strings.ToLower(rand.Text()[:8]), "nancy"+strings.ToLower(rand.Text()[:8])
				attrs := []userpool.Attribute{attr("email_verified", "true")}
				if kind == "addresses" {
					known, unknown = known+"@example.com", unknown+"@example.com"
				} else {
					attrs = append(attrs, attr("email", known+"@example.com"))
				}
				h.User(p.ID, known, attrs...)
				if kind == "folded" { // typed otherwise than stored
					known, unknown = strings.ToUpper(known), strings.ToUpper(unknown)
				}
				a, b := row(h, p, c, known), row(h, p, c, unknown)
				for i := range max(len(a), len(b)) {
					if i >= len(a) || i >= len(b) || a[i] != b[i] {
						t.Fatalf("answer %d of %d and %d:\n%s\nfor a user; for an unknown name:\n%s", i, len(a), len(b), at(a, i), at(b, i))
					}
				}
			})
		}
	}
}

func at(list []string, i int) string {
	if i < len(list) {
		return list[i]
	}
	return "nothing"
}

type row func(h *harness, p *userpool.PoolDescription, c *userpool.ClientDescription, name string) []string

func rows() map[string]row {
	all := map[string]row{}
	// Wrong proofs of each kind, until the name would be locked, and then one more attempt that shows the lock.
	for what, spoil := range map[string]func(map[string]string){
		"wrong password":    func(map[string]string) {},
		"another user name": func(m map[string]string) { m["USERNAME"] = "somebody" },
		"name in capitals":  func(m map[string]string) { m["USERNAME"] = strings.ToUpper(m["USERNAME"]) },
		"block changed": func(m map[string]string) {
			m["PASSWORD_CLAIM_SECRET_BLOCK"] = "A" + m["PASSWORD_CLAIM_SECRET_BLOCK"][1:]
		},
		"an empty block":    func(m map[string]string) { m["PASSWORD_CLAIM_SECRET_BLOCK"] = "AAAA" },
		"old timestamp":     func(m map[string]string) { m["TIMESTAMP"] = "Sat Jan 3 10:00:00 UTC 2026" },
		"no timestamp":      func(m map[string]string) { m["TIMESTAMP"] = "" },
		"signature garbage": func(m map[string]string) { m["PASSWORD_CLAIM_SIGNATURE"] = "****" },
	} {
		all["SRP, "+what] = func(h *harness, p *userpool.PoolDescription, c *userpool.ClientDescription, name string) (seen []string) {
			client := userpooltest.NewSRPClient(h.T)
			for range 6 {
				out, err := h.BeginSRP(client, c.ID, name)
				seen = append(seen, shape(out, err, name))
				if err != nil {
					continue
				}
				answer := client.Answer(h.T, p.ID, out.Parameters, "Wrong-horse-7", h.Clock.Now())
				spoil(answer)
				for range 2 { // and once more with the same block
					again, err := h.SignIns.RespondToAuthChallenge(h.T.Context(), signin.Answer{ClientID: c.ID, Challenge: out.Challenge, Responses: answer})
					seen = append(seen, shape(again, err, name))
				}
			}
			_, err := h.SignIn(c.ID, name, "Wrong-horse-7")
			return append(seen, spoken(err))
		}
	}
	for _, flow := range []string{"USER_PASSWORD_AUTH", "CUSTOM_AUTH", "USER_SRP_AUTH"} {
		all[flow+" without the rest"] = func(h *harness, _ *userpool.PoolDescription, c *userpool.ClientDescription, name string) (seen []string) {
			for _, given := range []map[string]string{{}, {"PASSWORD": ""}, {"PASSWORD": strings.Repeat("x", 2000)}, {"SRP_A": "0"}, {"SRP_A": "xyz"}} {
				given["USERNAME"] = name
				out, err := h.SignIns.InitiateAuth(h.T.Context(), signin.Request{ClientID: c.ID, Flow: flow, Parameters: given})
				seen = append(seen, shape(out, err, name))
			}
			return seen
		}
	}
	all["passwords, until locked, and on"] = func(h *harness, _ *userpool.PoolDescription, c *userpool.ClientDescription, name string) (seen []string) {
		for i := range 12 {
			out, err := h.SignIn(c.ID, name, "Wrong-horse-7")
			seen = append(seen, shape(out, err, name))
			h.Clock.Forward(time.Duration(i) * time.Second)
		}
		return seen
	}
	all["recovery"] = func(h *harness, _ *userpool.PoolDescription, c *userpool.ClientDescription, name string) (seen []string) {
		for range 7 {
			d, err := h.Users.ForgotPassword(h.T.Context(), directory.CodeRequest{ClientID: c.ID, Username: name})
			if err == nil {
				seen = append(seen, fmt.Sprint(len(d.Destination), " ", d.Medium, " ", d.Attribute))
			}
			seen = append(seen, spoken(err))
			err = h.Users.ConfirmForgotPassword(h.T.Context(), directory.ForgotInput{ClientID: c.ID, Username: name, Code: "nope", Password: password})
			seen = append(seen, spoken(err))
		}
		h.Clock.Forward(time.Hour)
		err := h.Users.ConfirmForgotPassword(h.T.Context(), directory.ForgotInput{ClientID: c.ID, Username: name, Code: "nope", Password: password})
		return append(seen, spoken(err))
	}
	all["sessions"] = func(h *harness, _ *userpool.PoolDescription, c *userpool.ClientDescription, name string) (seen []string) {
		_, err := h.SignIns.RespondToAuthChallenge(h.T.Context(), signin.Answer{ClientID: c.ID, Challenge: "NEW_PASSWORD_REQUIRED",
			Session: strings.Repeat("A", 200), Responses: map[string]string{"USERNAME": name, "NEW_PASSWORD": password}})
		return append(seen, spoken(err))
	}
	return all
}

// Recovery must make the same number of reads and durable writes for a user and for an unknown name.
func TestRecoveryIsTheSameWorkWhetherTheUserExistsOrNot(t *testing.T) {
	var w *watched
	h := newHarness(t, func(o *idp.Options) {
		w = &watched{Store: o.Store}
		o.Store = w
	})
	p := h.Pool(userpool.PoolSettings{AutoVerifiedAttributes: []string{"email"}})
	c := h.Client(p.ID, allFlows)
	h.User(p.ID, "alice", attr("email", "a@example.com"), attr("email_verified", "true"))
	h.MustSignIn(c.ID, "alice") // the caches are warm
	work := func(name string) (counts [][2]int) {
		count := func(call func() error) {
			w.views, w.updates = 0, 0
			_ = call()
			counts = append(counts, [2]int{w.views, w.updates})
		}
		confirm := func() error {
			return h.Users.ConfirmForgotPassword(t.Context(), directory.ForgotInput{ClientID: c.ID, Username: name, Code: "nope", Password: password})
		}
		count(confirm)
		count(func() error {
			_, err := h.Users.ForgotPassword(t.Context(), directory.CodeRequest{ClientID: c.ID, Username: name})
			return err
		})
		for range 6 {
			count(confirm)
		}
		return counts
	}
	known, unknown := work("alice"), work("nancy")
	if !slices.Equal(known, unknown) || known[1][1] != 1 {
		t.Errorf("reads and writes: %v for a user, %v for an unknown name", known, unknown)
	}
}

// AWS: for a client that hides user existence, a user who is disabled or without a verified address looks like an unknown
// name.
func TestRecoveryOfUnreachableUsersLooksLikeThatOfUnknownUsers(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{AutoVerifiedAttributes: []string{"email"}})
	c := h.Client(p.ID, allFlows)
	h.User(p.ID, "muted", attr("email", "m@example.com"))
	h.User(p.ID, "ended", attr("email", "e@example.com"), attr("email_verified", "true"))
	if err := h.Users.AdminDisableUser(t.Context(), p.ID, "ended"); err != nil {
		t.Fatal(err)
	}
	sent := len(h.Mails())
	recovery := rows()["recovery"]
	want := recovery(h, p, c, "nancy")
	for _, name := range []string{"muted", "ended"} {
		if got := recovery(h, p, c, name); !slices.Equal(got, want) {
			t.Errorf("%s: %q\nunknown name: %q", name, got, want)
		}
	}
	if len(h.Mails()) != sent {
		t.Error("a message was sent")
	}
}

// The attack: use the Session or SECRET_BLOCK of one sign-in for another user, client or step.
func TestASessionServesItsOwnUserClientAndStepOnce(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{})
	c, other := h.Client(p.ID, allFlows), h.Client(p.ID, allFlows)
	h.User(p.ID, "alice")
	h.User(p.ID, "mallory")
	begin := func() (*userpooltest.SRPClient, map[string]string) {
		client := userpooltest.NewSRPClient(t)
		out, err := h.BeginSRP(client, c.ID, "mallory")
		if err != nil {
			t.Fatal(err)
		}
		return client, client.Answer(t, p.ID, out.Parameters, password, h.Clock.Now())
	}
	respond := func(clientID, challenge, session string, answer map[string]string) error {
		_, err := h.SignIns.RespondToAuthChallenge(t.Context(), signin.Answer{ClientID: clientID, Challenge: challenge, Session: session, Responses: answer})
		return err
	}
	_, answer := begin()
	forAlice := maps.Clone(answer)
	forAlice["USERNAME"] = "alice"
	wantFault(t, respond(c.ID, "PASSWORD_VERIFIER", "", forAlice), fault.NotAuthorized, wrong)

	_, answer = begin()
	wantFault(t, respond(other.ID, "PASSWORD_VERIFIER", "", answer), fault.NotAuthorized, wrong)
	block, err := base64.StdEncoding.DecodeString(answer["PASSWORD_CLAIM_SECRET_BLOCK"])
	if err != nil {
		t.Fatal(err)
	}
	wantFault(t, respond(c.ID, "NEW_PASSWORD_REQUIRED", base64.RawURLEncoding.EncodeToString(block),
		map[string]string{"USERNAME": "mallory", "NEW_PASSWORD": "Another-horse-8"}), fault.NotAuthorized, "*")
	if err := respond(c.ID, "PASSWORD_VERIFIER", "", answer); err != nil {
		t.Fatal("its own:", err)
	}
	wantFault(t, respond(c.ID, "PASSWORD_VERIFIER", "", answer), fault.NotAuthorized, wrong)

	_, answer = begin()
	h.Clock.Forward(3 * time.Minute)
	wantFault(t, respond(c.ID, "PASSWORD_VERIFIER", "", answer), fault.NotAuthorized, wrong)
}

// No input of a client may set the claims on which access decisions are based.
func TestAttributesCannotTakeTheNamesOfClaims(t *testing.T) {
	h := newHarness(t)
	for _, name := range []string{"sub", "iss", "aud", "token_use", "exp", "username", "cognito:username", "cognito:groups", "cognito:roles", "identities"} {
		p := h.Pool(userpool.PoolSettings{})
		c := h.Client(p.ID, allFlows)
		_, err := h.SignUp(c.ID, "mallory", attr(name, "admin"))
		if err == nil || fault.Is(err, fault.Internal) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := h.Users.AdminCreateUser(t.Context(), directory.AdminCreateInput{PoolID: p.ID, Username: "m", Action: "SUPPRESS", Attributes: []userpool.Attribute{attr(name, "admin")}}); err == nil {
			t.Errorf("%s was accepted from an administrator", name)
		}
	}
	p := h.Pool(userpool.PoolSettings{Schema: []userpool.SchemaAttribute{{Name: "groups", AttributeDataType: "String", Mutable: new(true)}}})
	wide := allFlows
	wide.WriteAttributes, wide.ReadAttributes = []string{"custom:groups"}, []string{"custom:groups"}
	c := h.Client(p.ID, wide)
	h.User(p.ID, "mallory", attr("custom:groups", "admins"))
	out := h.MustSignIn(c.ID, "mallory")
	for _, raw := range []string{out.IDToken, out.AccessToken} {
		got := claims(t, raw)
		if got["cognito:groups"] != nil || got["groups"] != nil {
			t.Errorf("%v", got)
		}
	}
}

// The contents of the database must not be sufficient to sign in, because copies of it may leak.
func TestTheStoreHoldsNoSecretInTheClear(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{AutoVerifiedAttributes: []string{"email"}})
	c := h.Client(p.ID, allFlows)
	if _, err := h.SignUp(c.ID, "alice", attr("email", "a@example.com")); err != nil {
		t.Fatal(err)
	}
	code := h.Code()
	h.User(p.ID, "bob")
	tokens := h.MustSignIn(c.ID, "bob")
	files, err := filepath.Glob(filepath.Join(filepath.Dir(h.Outbox), "sluice.db*"))
	if err != nil {
		t.Fatal(err)
	}
	var data string
	for _, name := range files {
		part, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		data += string(part)
	}
	if !strings.Contains(data, "alice") {
		t.Fatal("the file does not contain the users")
	}
	for what, secret := range map[string]string{"password": password, "code": `"` + code + `"`, "refresh token": tokens.RefreshToken,
		"end of the refresh token": tokens.RefreshToken[len(tokens.RefreshToken)-24:], "access token": tokens.AccessToken[len(tokens.AccessToken)-40:]} {
		if strings.Contains(data, secret) {
			t.Errorf("the file contains the %s", what)
		}
	}
}
