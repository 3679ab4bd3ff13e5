package signin

import (
	"context"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/directory"
	"github.com/sluicegate/sluice/userpool/tokens"
)

// Request begins a sign-in: InitiateAuth, or AdminInitiateAuth when Admin is set.
type Request struct {
	Admin      bool
	PoolID     string // with Admin
	ClientID   string
	Flow       string
	Parameters map[string]string
}

// Answer answers a challenge: RespondToAuthChallenge, or AdminRespondToAuthChallenge when Admin is set.
type Answer struct {
	Admin     bool
	PoolID    string // with Admin
	ClientID  string
	Challenge string
	Responses map[string]string
	Session   string
}

// Result is either a challenge or the end of the sign-in.
type Result struct {
	Challenge  string            // "" at the end
	Parameters map[string]string // of the challenge
	Session    string            // to come back with the answer; "" when the state is in the parameters
	Tokens     *tokens.Set       // at the end
}

// attempt is one call in a sign-in. What every flow needs was done before a flow sees it: client and pool are found,
// the flow is allowed, the required parameters are there.
type attempt struct {
	pool   *userpool.Pool
	client *userpool.Client
	admin  bool
	flow   string            // how the sign-in began
	params map[string]string // AuthParameters or ChallengeResponses
	given  string            // Session of an answer

	subject *directory.Subject // set by the flow or challenge as soon as it is known
	// learnt is set when the plaintext password was proved and the user lacks an SRP verifier that the pool wants.
	learnt *store.Password
}

// flow is a way to begin a sign-in.
type flow struct {
	name     string   // in metrics
	allow    string   // the client's flag
	disabled string   // AWS's words when the flag is off
	public   bool     // InitiateAuth may
	admin    bool     // AdminInitiateAuth may
	required []string // parameters
	secret   bool     // SECRET_HASH is over USERNAME and checked before the flow starts
	start    func(*Machine, context.Context, *attempt) (*Result, error)
}

// challenge is a step that waits for an answer.
type challenge struct {
	required []string
	answer   func(*Machine, context.Context, *attempt) (*Result, error)
}

// flows is the registry of flows under every name that the API knows them by.
var flows = func() map[string]*flow {
	srp := &flow{name: "USER_SRP_AUTH", allow: "ALLOW_USER_SRP_AUTH", disabled: "USER_SRP_AUTH is not enabled for the client.",
		public: true, admin: true, required: []string{"USERNAME", "SRP_A"}, secret: true, start: (*Machine).startSRP}
	password := &flow{name: "USER_PASSWORD_AUTH", allow: "ALLOW_USER_PASSWORD_AUTH", disabled: "USER_PASSWORD_AUTH flow not enabled for this client",
		public: true, required: []string{"USERNAME", "PASSWORD"}, secret: true, start: (*Machine).startPassword}
	adminPassword := &flow{name: "ADMIN_USER_PASSWORD_AUTH", allow: "ALLOW_ADMIN_USER_PASSWORD_AUTH", disabled: "Auth flow not enabled for this client",
		admin: true, required: []string{"USERNAME", "PASSWORD"}, secret: true, start: (*Machine).startPassword}
	refresh := &flow{name: "REFRESH_TOKEN_AUTH", allow: "ALLOW_REFRESH_TOKEN_AUTH", disabled: "Auth flow not enabled for this client",
		public: true, admin: true, required: []string{"REFRESH_TOKEN"}, start: (*Machine).startRefresh}
	custom := &flow{name: "CUSTOM_AUTH", allow: "ALLOW_CUSTOM_AUTH", disabled: "CUSTOM_AUTH is not enabled for the client.",
		public: true, admin: true, required: []string{"USERNAME"}, secret: true, start: (*Machine).startCustom}
	return map[string]*flow{
		"USER_SRP_AUTH":            srp,
		"USER_PASSWORD_AUTH":       password,
		"ADMIN_USER_PASSWORD_AUTH": adminPassword,
		"ADMIN_NO_SRP_AUTH":        adminPassword,
		"REFRESH_TOKEN_AUTH":       refresh,
		"REFRESH_TOKEN":            refresh,
		"CUSTOM_AUTH":              custom,
	}
}()

// challenges is the registry of challenges.
var challenges = map[string]*challenge{
	"PASSWORD_VERIFIER": {required: []string{"USERNAME", "PASSWORD_CLAIM_SIGNATURE", "PASSWORD_CLAIM_SECRET_BLOCK", "TIMESTAMP"},
		answer: (*Machine).answerPasswordVerifier},
	"NEW_PASSWORD_REQUIRED": {required: []string{"USERNAME", "NEW_PASSWORD"}, answer: (*Machine).answerNewPassword},
}

// InitiateAuth begins a sign-in. The order of checks is the service's: client, flow, parameters, secret hash, then what
// the flow looks at.
func (s *Machine) InitiateAuth(ctx context.Context, in Request) (*Result, error) {
	f, ok := flows[in.Flow]
	if !ok {
		return nil, fault.New(fault.NotImplemented, "The authentication flow %s is not implemented.", in.Flow)
	}
	if (in.Admin && !f.admin) || (!in.Admin && !f.public) {
		return nil, fault.New(fault.InvalidParameter, "Initiate Auth method not supported.")
	}
	a, err := s.newAttempt(ctx, in.Admin, in.PoolID, in.ClientID)
	if err != nil {
		return nil, err
	}
	a.flow, a.params = f.name, in.Parameters
	out, err := s.begin(ctx, f, a)
	s.observe(a, out, err)
	return out, err
}

func (s *Machine) begin(ctx context.Context, f *flow, a *attempt) (*Result, error) {
	if !a.client.Allowed[f.allow] {
		return nil, fault.New(fault.InvalidParameter, "%s", f.disabled)
	}
	if err := a.require(f.required); err != nil {
		return nil, err
	}
	if f.secret {
		if err := a.client.CheckSecretHash(a.params["USERNAME"], a.params["SECRET_HASH"]); err != nil {
			return nil, err
		}
	}
	return f.start(s, ctx, a)
}

// RespondToAuthChallenge answers a challenge. SECRET_HASH is over the USERNAME of the answer.
func (s *Machine) RespondToAuthChallenge(ctx context.Context, in Answer) (*Result, error) {
	c, ok := challenges[in.Challenge]
	if !ok {
		return nil, fault.New(fault.NotImplemented, "The challenge %s is not implemented.", in.Challenge)
	}
	a, err := s.newAttempt(ctx, in.Admin, in.PoolID, in.ClientID)
	if err != nil {
		return nil, err
	}
	a.params, a.given = in.Responses, in.Session
	out, err := s.resume(ctx, c, a)
	s.observe(a, out, err)
	return out, err
}

func (s *Machine) resume(ctx context.Context, c *challenge, a *attempt) (*Result, error) {
	if err := a.require(c.required); err != nil {
		return nil, err
	}
	if err := a.client.CheckSecretHash(a.params["USERNAME"], a.params["SECRET_HASH"]); err != nil {
		return nil, err
	}
	return c.answer(s, ctx, a)
}

func (s *Machine) newAttempt(ctx context.Context, admin bool, poolID, clientID string) (*attempt, error) {
	a := &attempt{admin: admin}
	var err error
	if admin {
		a.pool, a.client, err = s.o.Pools.ClientOf(ctx, poolID, clientID)
	} else {
		a.pool, a.client, err = s.o.Pools.PoolAndClient(ctx, clientID)
	}
	return a, err
}

// Bounds of what the model leaves open in AuthParameters and ChallengeResponses: in bytes, room for what the same values
// may be elsewhere (128 and 256 characters).
var maxParameter = map[string]int{"USERNAME": 512, "PASSWORD": 1024, "NEW_PASSWORD": 1024}

func (a *attempt) require(names []string) error {
	for _, n := range names {
		if a.params[n] == "" {
			return fault.New(fault.InvalidParameter, "Missing required parameter %s", n)
		}
	}
	for n, limit := range maxParameter {
		if len(a.params[n]) > limit {
			return fault.New(fault.InvalidParameter, "The parameter %s is too long.", n)
		}
	}
	return nil
}

// observe counts the call under a bounded set of words.
func (s *Machine) observe(a *attempt, out *Result, err error) {
	if s.o.Observer == nil {
		return
	}
	result := "success"
	switch {
	case err != nil:
		result = string(fault.KindOf(err))
	case out.Tokens == nil:
		result = "challenge"
	}
	s.o.Observer.SignIn(a.pool.ID, a.flow, result)
}

// lookup finds the subject of a sign-in by name.
func (s *Machine) lookup(ctx context.Context, a *attempt, name string) (err error) {
	if a.subject, err = s.o.Users.Find(ctx, a.pool, name); err != nil {
		return err
	}
	if !a.subject.Exists && !a.client.HidesExistence {
		return userpool.ErrNoUser
	}
	return admits(&a.subject.User, a.client.HidesExistence)
}

// admits checks what stops a sign-in before the password is looked at. AWS, "Managing user existence error responses": a
// client that hides who exists does not tell who is disabled either, unless the password is right.
func admits(u *store.User, hidden bool) error {
	switch {
	case !u.Enabled && !hidden:
		return userpool.ErrDisabled
	case u.Status == userpool.StatusUnconfirmed:
		return userpool.ErrNotConfirmed
	}
	return nil
}

// proceed goes on after the first factor was proved: whatever else must happen, and at last the tokens.
func (s *Machine) proceed(ctx context.Context, a *attempt) (*Result, error) {
	u := &a.subject.User
	switch {
	case !u.Enabled:
		return nil, userpool.ErrDisabled
	case u.Status == userpool.StatusResetRequired:
		return nil, userpool.ErrResetRequired
	case u.Status == userpool.StatusForceChange && !u.Password.ExpiresAt.IsZero() && !s.base.Now().Before(u.Password.ExpiresAt):
		return nil, fault.New(fault.NotAuthorized, "Temporary password has expired and must be reset by an administrator.")
	case u.Status == userpool.StatusForceChange:
		return s.challengeNewPassword(a)
	case u.Status != userpool.StatusConfirmed:
		return nil, fault.New(fault.NotAuthorized, "User cannot sign in. Current status is %s", u.Status)
	}
	set, err := s.mint(ctx, a)
	if err != nil {
		return nil, err
	}
	return &Result{Tokens: set}, nil
}

// mint ends a sign-in with tokens.
func (s *Machine) mint(ctx context.Context, a *attempt) (*tokens.Set, error) {
	judged := &a.subject.User
	return s.o.Tokens.Issue(ctx, tokens.Request{Pool: a.pool, Client: a.client, Sub: judged.Sub, Flow: a.flow,
		Scopes: []string{tokens.SelfScope}, AuthTime: s.base.Now(), Confirm: func(tx store.Tx, u *store.User) error {
			// What was judged minutes or a hash ago must still hold.
			if !u.Enabled || u.Status != judged.Status || !u.Password.ModifiedAt.Equal(judged.Password.ModifiedAt) {
				return userpool.ErrWrongPassword
			}
			if u.Failures.Count == 0 && a.learnt == nil {
				return nil
			}
			u.Failures = store.Failures{}
			if a.learnt != nil {
				u.Password = *a.learnt
			}
			return tx.Users.Update(*u)
		}})
}
