package relay_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/relay"
	"github.com/sluicegate/sluice/userpool/signin"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

const (
	poolID   = "us-east-1_notes0001"
	appID    = "1example23456789abcdefghij"
	password = userpooltest.Password
	other    = "Another-horse-8"
)

// move is a user pool that is being left, old, and the pool that its users come to, with the same ids.
type move struct {
	*userpooltest.Harness
	old   *userpooltest.Harness
	asked atomic.Int64
	reply atomic.Pointer[http.HandlerFunc] // instead of the old pool; nil = the old pool answers
}

func newMove(t *testing.T, flow string) *move {
	t.Helper()
	m := &move{Harness: userpooltest.New(t), old: userpooltest.New(t)}
	for _, h := range []*userpooltest.Harness{m.Harness, m.old} {
		if _, err := h.Pools.InsertPool(t.Context(), poolID, "notes", userpool.PoolSettings{}, false); err != nil {
			t.Fatal(err)
		}
		if _, err := h.Pools.InsertClient(t.Context(), store.Client{PoolID: poolID, ID: appID, Name: "web"}, seal("a_secret_of_twenty_four_and_more"), userpooltest.AllFlows); err != nil {
			t.Fatal(err)
		}
	}
	server := httptest.NewServer(http.HandlerFunc(m.serve))
	t.Cleanup(server.Close)
	r := &relay.Record{Region: "us-east-1", Endpoint: server.URL, Client: &relay.Client{ID: appID, Secret: "a_secret_of_twenty_four_and_more", Flow: flow}}
	if flow == relay.AdminFlow {
		r.Client.Credentials = &relay.Credentials{AccessKeyID: "AKIAOLDPOOL000000000", SecretAccessKey: "the secret of the old account"}
	}
	if err := m.Base().Update(t.Context(), func(tx store.Tx) error { return relay.Save(tx, m.Base(), poolID, r) }); err != nil {
		t.Fatal(err)
	}
	m.Restart()
	return m
}

// serve answers as the old pool.
func (m *move) serve(w http.ResponseWriter, r *http.Request) {
	m.asked.Add(1)
	if reply := m.reply.Load(); reply != nil {
		(*reply)(w, r)
		return
	}
	var in struct {
		ClientID           string `json:"ClientId"`
		UserPoolID         string `json:"UserPoolId"`
		AuthFlow           string
		AuthParameters     map[string]string
		ChallengeName      string
		ChallengeResponses map[string]string
		Session            string
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	var out *signin.Result
	var err error
	switch operation := r.Header.Get("X-Amz-Target"); {
	case strings.HasSuffix(operation, ".AdminInitiateAuth"):
		if !strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 Credential=AKIAOLDPOOL000000000/") {
			refuse("MissingAuthenticationTokenException", "the call is not signed")(w, r)
			return
		}
		out, err = m.old.SignIns.InitiateAuth(r.Context(), signin.Request{Admin: true, PoolID: in.UserPoolID, ClientID: in.ClientID, Flow: in.AuthFlow, Parameters: in.AuthParameters})
	case strings.HasSuffix(operation, ".InitiateAuth"):
		out, err = m.old.SignIns.InitiateAuth(r.Context(), signin.Request{ClientID: in.ClientID, Flow: in.AuthFlow, Parameters: in.AuthParameters})
	default:
		out, err = m.old.SignIns.RespondToAuthChallenge(r.Context(), signin.Answer{ClientID: in.ClientID, Challenge: in.ChallengeName,
			Responses: in.ChallengeResponses, Session: in.Session})
	}
	if err != nil {
		text, _ := fault.Message(err)
		refuse(string(fault.KindOf(err))+"Exception", text)(w, r)
		return
	}
	if out.Tokens != nil {
		answer(w, accepted)
		return
	}
	answer(w, map[string]any{"ChallengeName": out.Challenge, "ChallengeParameters": out.Parameters, "Session": out.Session})
}

// accepted is the answer to a right password.
var accepted = map[string]any{"AuthenticationResult": map[string]any{"AccessToken": "an.access.token", "ExpiresIn": 3600}}

func answer(w http.ResponseWriter, v any) {
	if err := json.NewEncoder(w).Encode(v); err != nil {
		panic(err)
	}
}

// refuse answers with an exception.
func refuse(kind, message string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		answer(w, map[string]string{"__type": kind, "message": message})
	}
}

// user makes a user of both pools whose password only the old one knows.
func (m *move) user(name string) {
	m.T.Helper()
	m.old.User(poolID, name)
	m.User(poolID, name)
	m.change(name, func(u *store.User) {
		u.Password = store.Password{Hash: store.PasswordElsewhere, ModifiedAt: u.CreatedAt}
	})
}

func (m *move) change(name string, f func(*store.User)) {
	m.T.Helper()
	if err := m.Base().Update(m.T.Context(), func(tx store.Tx) error {
		u, err := tx.Users.ByKey(poolID, name)
		if err != nil {
			return err
		}
		f(&u)
		return tx.Users.Update(u)
	}); err != nil {
		m.T.Fatal(err)
	}
}

func (m *move) record(name string) (u store.User) {
	m.T.Helper()
	if err := m.Base().View(m.T.Context(), func(tx store.Tx) (err error) {
		u, err = tx.Users.ByKey(poolID, name)
		return err
	}); err != nil {
		m.T.Fatal(err)
	}
	return u
}

// signIn signs in by USER_PASSWORD_AUTH with the client's secret.
func (m *move) signIn(name, pass string) (*signin.Result, error) {
	return m.SignIns.InitiateAuth(m.T.Context(), signin.Request{ClientID: appID, Flow: relay.PasswordFlow,
		Parameters: map[string]string{"USERNAME": name, "PASSWORD": pass, "SECRET_HASH": hash(name)}})
}

func TestAPasswordComesOverAtTheFirstSignIn(t *testing.T) {
	for _, flow := range []string{relay.PasswordFlow, relay.SRPFlow, relay.AdminFlow} {
		t.Run(flow, func(t *testing.T) {
			m := newMove(t, flow)
			m.user("alice")
			_, err := m.signIn("alice", "Wrong-horse-7")
			userpooltest.WantFault(t, err, "NotAuthorized", "Incorrect username or password.")
			if u := m.record("alice"); u.Failures.Count != 1 || u.Password.Hash != store.PasswordElsewhere {
				t.Error("a wrong password:", u.Failures, u.Password.Hash)
			}
			out, err := m.signIn("alice", password)
			if err != nil || out.Tokens == nil {
				t.Fatal(out, err)
			}
			u := m.record("alice")
			if !strings.HasPrefix(u.Password.Hash, "$argon2id$") || len(u.Password.SRPVerifier) == 0 || u.Failures.Count != 0 {
				t.Error("after the sign-in:", u.Password, u.Failures)
			}
			asked := m.asked.Load()
			if _, err := m.signIn("alice", password); err != nil || m.asked.Load() != asked {
				t.Error("the old pool was asked again:", err)
			}
		})
	}
}

// An application's own server signs users in with AdminInitiateAuth: it must bring passwords over as well.
func TestAnAdministratorsSignInBringsThePasswordOver(t *testing.T) {
	for _, flow := range []string{relay.PasswordFlow, relay.AdminFlow} {
		m := newMove(t, flow)
		m.user("alice")
		signIn := func(pass string) (*signin.Result, error) {
			return m.SignIns.InitiateAuth(t.Context(), signin.Request{Admin: true, PoolID: poolID, ClientID: appID, Flow: relay.AdminFlow,
				Parameters: map[string]string{"USERNAME": "alice", "PASSWORD": pass, "SECRET_HASH": hash("alice")}})
		}
		_, err := signIn("Wrong-horse-7")
		userpooltest.WantFault(t, err, "NotAuthorized", "Incorrect username or password.")
		out, err := signIn(password)
		if err != nil || out.Tokens == nil {
			t.Fatal(out, err)
		}
		if u := m.record("alice"); !strings.HasPrefix(u.Password.Hash, "$argon2id$") {
			t.Error("after the sign-in:", u.Password)
		}
	}
}

func TestAnOutageOfTheOldPoolIsNoWrongPassword(t *testing.T) {
	m := newMove(t, relay.PasswordFlow)
	m.user("alice")
	for name, reply := range map[string]http.HandlerFunc{
		"500":             func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500); answer(w, map[string]string{}) },
		"throttled":       refuse("TooManyRequestsException", "Too many requests"),
		"flow disabled":   refuse("InvalidParameterException", "USER_PASSWORD_AUTH flow not enabled for this client"),
		"client deleted":  refuse("ResourceNotFoundException", "User pool client does not exist."),
		"trigger refuses": refuse("UserLambdaValidationException", "PreAuthentication failed"),
		"not JSON":        func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") },
		"a redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		},
		"connection dropped": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	} {
		m.reply.Store(&reply)
		_, err := m.signIn("alice", password)
		userpooltest.WantFault(t, err, "Unavailable", "The password cannot be checked at this time. Try again later.")
		if u := m.record("alice"); u.Failures.Count != 0 || u.Password.Hash != store.PasswordElsewhere {
			t.Errorf("%s: %+v", name, u)
		}
	}
	m.reply.Store(nil)
	if _, err := m.signIn("alice", password); err != nil {
		t.Error("after the outage:", err)
	}
}

func TestVerdictsOfTheOldPool(t *testing.T) {
	m := newMove(t, relay.PasswordFlow)
	for i, tc := range []struct {
		reply      http.HandlerFunc
		kind, text string
		failures   int
	}{
		{func(w http.ResponseWriter, _ *http.Request) { answer(w, map[string]string{"ChallengeName": "SMS_MFA"}) }, "", "", 0},
		{refuse("NotAuthorizedException", "Password attempts exceeded"), "NotAuthorized", "Password attempts exceeded", 0},
		{refuse("com.amazonaws#UserNotFoundException", "User does not exist."), "NotAuthorized", "Incorrect username or password.", 1},
		{refuse("NotAuthorizedException", "User is disabled."), "NotAuthorized", "Incorrect username or password.", 1},
		{refuse("PasswordResetRequiredException", "Password reset required for the user"), "PasswordResetRequired", "Password reset required for the user", 1},
	} {
		name := fmt.Sprintf("user%d", i)
		m.user(name)
		m.reply.Store(&tc.reply)
		_, err := m.signIn(name, password)
		if tc.kind == "" {
			if err != nil {
				t.Error(name, err)
			}
			continue
		}
		userpooltest.WantFault(t, err, fault.Kind(tc.kind), tc.text)
		if n := m.record(name).Failures.Count; n != tc.failures {
			t.Errorf("%s: %d failures", name, n)
		}
	}
}

func TestATemporaryPasswordStaysTemporary(t *testing.T) {
	m := newMove(t, relay.PasswordFlow)
	m.user("alice")
	if err := m.old.Users.AdminSetUserPassword(t.Context(), poolID, "alice", other, false); err != nil {
		t.Fatal(err)
	}
	out, err := m.signIn("alice", other)
	if err != nil || out.Challenge != "NEW_PASSWORD_REQUIRED" {
		t.Fatal(out, err)
	}
	if u := m.record("alice"); !u.Password.Temporary || u.Status != userpool.StatusForceChange {
		t.Error(u.Password.Temporary, u.Status)
	}
}

// The lockout applies before the old pool is asked, so guesses here become few guesses there.
func TestALockedUserIsNotAskedFor(t *testing.T) {
	m := newMove(t, relay.PasswordFlow)
	m.user("alice")
	for range 5 {
		_, err := m.signIn("alice", "Wrong-horse-7")
		userpooltest.WantFault(t, err, "NotAuthorized", "Incorrect username or password.")
	}
	asked := m.asked.Load()
	for range 5 {
		_, err := m.signIn("alice", password)
		userpooltest.WantFault(t, err, "NotAuthorized", "Password attempts exceeded")
	}
	if m.asked.Load() != asked {
		t.Error("the old pool was asked during a lockout")
	}
}

func TestSignInsAtOnceAllSucceed(t *testing.T) {
	m := newMove(t, relay.PasswordFlow)
	m.user("alice")
	var running sync.WaitGroup
	for range 4 {
		running.Go(func() {
			if _, err := m.signIn("alice", password); err != nil {
				t.Error(err)
			}
		})
	}
	running.Wait()
}

// A user who loses the account while the old pool is asked gets nothing, and the password that an administrator sets meanwhile stays.
func TestAChangeWhileTheOldPoolIsAskedWins(t *testing.T) {
	for name, change := range map[string]func(*move) error{
		"disabled": func(m *move) error { return m.Users.AdminDisableUser(context.Background(), poolID, "alice") },
		"deleted":  func(m *move) error { return m.Users.AdminDeleteUser(context.Background(), poolID, "alice") },
		"another password": func(m *move) error {
			return m.Users.AdminSetUserPassword(context.Background(), poolID, "alice", other, true)
		},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMove(t, relay.PasswordFlow)
			m.user("alice")
			var reply http.HandlerFunc = func(w http.ResponseWriter, _ *http.Request) {
				if err := change(m); err != nil {
					t.Error(err)
				}
				answer(w, accepted)
			}
			m.reply.Store(&reply)
			if out, err := m.signIn("alice", password); err == nil {
				t.Errorf("signed in: %+v", out)
			}
			if name == "another password" {
				if _, err := m.signIn("alice", other); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

func TestSRPDoesNotShowAPassword(t *testing.T) {
	m := newMove(t, relay.PasswordFlow)
	m.user("alice")
	c := userpooltest.NewSRPClient(t)
	begin := func(name string) (*signin.Result, error) {
		return m.SignIns.InitiateAuth(t.Context(), signin.Request{ClientID: appID, Flow: relay.SRPFlow,
			Parameters: map[string]string{"USERNAME": name, "SRP_A": c.PublicA.Text(16), "SECRET_HASH": hash(name)}})
	}
	for _, name := range []string{"alice", "nobody"} {
		q, err := begin(name)
		if err != nil {
			t.Fatal(err)
		}
		responses := c.Answer(t, poolID, q.Parameters, password, m.Clock.Now())
		responses["SECRET_HASH"] = hash(responses["USERNAME"])
		_, err = m.SignIns.RespondToAuthChallenge(t.Context(), signin.Answer{ClientID: appID, Challenge: q.Challenge, Responses: responses})
		userpooltest.WantFault(t, err, "NotAuthorized", "Incorrect username or password.")
	}
	if m.asked.Load() != 0 {
		t.Error("the old pool was asked")
	}
}

func TestANewPasswordEndsTheRelayForTheUser(t *testing.T) {
	m := newMove(t, relay.PasswordFlow)
	m.user("alice")
	if err := m.Users.AdminSetUserPassword(t.Context(), poolID, "alice", other, true); err != nil {
		t.Fatal(err)
	}
	_, err := m.signIn("alice", password)
	userpooltest.WantFault(t, err, "NotAuthorized", "Incorrect username or password.")
	if m.asked.Load() != 0 {
		t.Error("the old pool was asked")
	}
}
