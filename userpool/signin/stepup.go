package signin

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/assurance"
	"github.com/sluicegate/sluice/userpool/factors"
	"github.com/sluicegate/sluice/userpool/tokens"
)

// A sign-in can aim at a level: TARGET_ACR_VALUES of USER_AUTH names levels, and the first one that the user can reach with the
// factors that they have becomes the target. The sign-in ends only when its methods reach the target. Every call determines
// again, from the settings and the user's record, which factors lead there.
//
// With an ACCESS_TOKEN the methods of the earlier sign-in are credited, unless it is older than MAX_AGE. A credited password
// counts as a proved factor. The earlier sign-in must still be valid when the new one ends.
//
// Source: the developer guide, "Step-up authentication with the USER_AUTH flow".

var (
	// ErrUnreachable refuses a sign-in that cannot reach a level that was asked for.
	ErrUnreachable = fault.New(fault.InvalidParameter, "The user has no factors that reach a requested authentication level.")
	// ErrReached refuses to raise a sign-in to a level that it has.
	ErrReached = fault.New(fault.InvalidParameter, "The requested authentication level is already met.")

	errNoTarget    = fault.New(fault.InvalidParameter, "ACCESS_TOKEN requires TARGET_ACR_VALUES.")
	errUnknownACR  = fault.New(fault.InvalidParameter, "TARGET_ACR_VALUES has no authentication level of the user pool.")
	errMaxAge      = fault.New(fault.InvalidParameter, "MAX_AGE must be a number of seconds.")
	errTokenOfElse = fault.New(fault.NotAuthorized, "Access Token does not belong to the user and the client.")
)

// credit is what an earlier sign-in contributes.
type credit struct {
	methods []string
	level   int    // 0 if its acr names no level of the pool now
	family  string // of its tokens, which must stay valid; "" for none
	session string // its SSO session, which must be there; "" for none
}

// readTargets sets the levels that the call asks for.
func (a *attempt) readTargets() error {
	if !a.hosted {
		for name := range strings.FieldsSeq(a.params["TARGET_ACR_VALUES"]) {
			if level := a.pool.Acr.Level(name); level > 0 && !slices.Contains(a.levels, level) {
				a.levels = append(a.levels, level)
			}
		}
	}
	switch {
	case a.hosted:
	case a.params["ACCESS_TOKEN"] != "" && a.params["TARGET_ACR_VALUES"] == "":
		return errNoTarget
	case a.params["TARGET_ACR_VALUES"] != "" && len(a.levels) == 0:
		return errUnknownACR
	}
	_, err := a.maxAge()
	return err
}

// maxAge returns MAX_AGE, or a negative duration without it.
func (a *attempt) maxAge() (time.Duration, error) {
	text := a.params["MAX_AGE"]
	if text == "" {
		return -1, nil
	}
	seconds, err := strconv.ParseUint(text, 10, 31)
	if err != nil {
		return 0, errMaxAge
	}
	return time.Duration(seconds) * time.Second, nil
}

// aim sets the target of a sign-in that begins: the first of its levels that the subject can reach.
func (m *Machine) aim(ctx context.Context, a *attempt) error {
	if len(a.levels) == 0 || a.pool.Settings.UserPoolTier == userpool.TierLite {
		return nil // the API refuses the tier LITE in checkUserAuth; the pages ignore acr_values there
	}
	c, err := m.credit(ctx, a)
	if err != nil {
		return err
	}
	a.state.Credit, a.state.Family, a.state.SSO = c.methods, c.family, c.session
	a.keepCredit()
	for _, level := range a.levels {
		if c.level >= level {
			return ErrReached
		}
		a.state.Target = level
		ways, err := m.ways(ctx, a)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(ways, way.isNothing) {
			return ErrReached
		}
		if len(ways) == 0 {
			continue
		}
		preferred := Factor(a.params["PREFERRED_CHALLENGE"])
		prefers := func(w way) bool { return preferred != "" && w.first == preferred }
		if slices.ContainsFunc(ways, way.followsPassword) && !slices.ContainsFunc(ways, prefers) {
			a.creditPassword()
		}
		return nil
	}
	return ErrUnreachable
}

// credit returns what the earlier sign-in of the call contributes: nothing for one that is older than MAX_AGE, and nothing for one at an
// identity provider, whose password and passkeys are not those of the pool.
func (m *Machine) credit(ctx context.Context, a *attempt) (credit, error) {
	switch {
	case a.known != nil && (a.known.Record.Provider != "" || a.known.Session == ""):
		return credit{}, nil
	case a.known != nil:
		by := &a.known.Record
		c := a.creditOf(by.Sub, by.Time, by.Methods, assurance.Level(by.Methods))
		if len(c.methods) > 0 {
			c.session = a.known.Session
		}
		return c, nil
	}
	if a.params["ACCESS_TOKEN"] == "" || a.hosted {
		return credit{}, nil
	}
	h, err := m.o.Tokens.Authenticate(ctx, a.params["ACCESS_TOKEN"])
	if err != nil {
		return credit{}, err
	}
	if !a.subject.Exists || h.Pool.ID != a.pool.ID || h.User.Sub != a.subject.User.Sub || h.Client.ID != a.client.ID {
		return credit{}, errTokenOfElse
	}
	limit, err := a.maxAge()
	if err != nil || limit >= 0 && m.base.Now().Sub(h.Family.AuthTime) > limit {
		return credit{}, err
	}
	by, err := tokens.AssuranceOf(&h.Family)
	if err != nil || by.Provider != "" {
		return credit{}, err
	}
	c := a.creditOf(h.User.Sub, h.Family.AuthTime, by.AMR, a.pool.Acr.Level(by.ACR))
	c.family = h.Family.ID
	return c, nil
}

// creditOf returns the credit of a sign-in of the user with the sub. A password that was replaced since gives no credit, nor does
// anything that followed it.
func (a *attempt) creditOf(sub string, at time.Time, methods []string, level int) credit {
	u := &a.subject.User
	if !a.subject.Exists || sub != u.Sub || slices.Contains(methods, assurance.Password) && u.Password.ModifiedAt.After(at) {
		return credit{}
	}
	return credit{methods: methods, level: level}
}

// creditPassword makes the credited password, and the second factors that followed it, proved factors of this sign-in.
func (a *attempt) creditPassword() {
	a.prove(Password)
	for _, f := range secondFactors {
		if slices.Contains(a.state.Credit, methods[f]) {
			a.state.Proved = append(a.state.Proved, f)
		}
	}
}

// methods returns what the sign-in has proved, with what is credited.
func (a *attempt) methods() []string {
	return assurance.Methods(slices.Concat(amr(a.state.Proved, a.state.Roaming), a.state.Credit)...)
}

// lacks reports whether a sign-in with a first factor has not reached its target yet.
func (a *attempt) lacks() bool {
	return a.state.Target > 0 && provedOne(a.state.Proved, firstFactors) && assurance.Level(a.methods()) < a.state.Target
}

// way is how a sign-in reaches its target: a first factor and a second one, each "" if none is needed.
type way struct{ first, second Factor }

func (w way) isNothing() bool       { return w == way{} }
func (w way) followsPassword() bool { return w.first == "" && w.second != "" }

// ways returns how the subject reaches the target, or a higher level.
func (m *Machine) ways(ctx context.Context, a *attempt) (list []way, err error) {
	first, err := m.available(ctx, a)
	if err != nil {
		return nil, err
	}
	second, err := m.seconds(a)
	if err != nil {
		return nil, err
	}
	has := func(list []Factor, f Factor) bool { return f == "" || slices.Contains(list, f) }
	for level := a.state.Target; level <= assurance.Levels; level++ {
		for _, set := range assurance.Combinations(level) {
			if w := wayTo(set, a.state.Credit); has(first, w.first) && has(second, w.second) && !slices.Contains(list, w) {
				list = append(list, w)
			}
		}
	}
	return list, nil
}

// wayTo returns how the methods of a combination are completed that are not credited.
func wayTo(set, credited []string) (w way) {
	for _, method := range set {
		switch {
		case slices.Contains(credited, method):
		case method == assurance.Password:
			w.first = Password
		case method == assurance.Platform, method == assurance.Roaming:
			w.first = WebAuthn
		case method == assurance.TOTP:
			w.second = SoftwareToken
		case len(set) > 1 && method == assurance.SMS:
			w.second = SMSMFA
		case len(set) > 1:
			w.second = EmailMFA
		case method == assurance.SMS:
			w.first = SMSOTP
		default:
			w.first = EmailOTP
		}
	}
	return w
}

// available returns the first factors that the subject can begin with, regardless of the target.
func (m *Machine) available(ctx context.Context, a *attempt) (list []Factor, err error) {
	offered, err := m.offeredAtAll(ctx, a)
	for _, name := range offered {
		if name != passwordSRP {
			list = append(list, Factor(name)) // the names of first factors are those of their challenges
		}
	}
	return list, err
}

// seconds returns the second factors that the subject has. A stand-in that looks like a user with MFA has TOTP where the pool
// has it.
func (m *Machine) seconds(a *attempt) (list []Factor, err error) {
	p := a.pool
	if !p.MFA.On && !p.MFA.Optional {
		return nil, nil
	}
	if !a.subject.Exists {
		if p.MFA.Token && (p.MFA.On || m.o.Users.SeemsToHaveMFA(p, a.subject)) {
			list = []Factor{SoftwareToken}
		}
		return list, nil
	}
	second, err := userpool.ReadMFA(&a.subject.User)
	if err != nil {
		return nil, err
	}
	for _, name := range slices.Concat(p.TurnedOn(&a.subject.User, &second), p.Available(&a.subject.User, &second)) {
		list = append(list, secondOf(name))
	}
	return list, nil
}

// secondOf returns the second factor of a challenge.
func secondOf(challenge string) Factor {
	if challenge == emailOTP {
		return EmailMFA
	}
	return Factor(challenge)
}

// narrow returns the challenges that the subject can begin with to reach the target.
func (m *Machine) narrow(ctx context.Context, a *attempt, offered []string) ([]string, error) {
	if a.state.Target == 0 {
		return offered, nil
	}
	ways, err := m.ways(ctx, a)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(offered), func(name string) bool {
		if name == passwordSRP {
			name = passwordChoice
		}
		return !slices.ContainsFunc(ways, func(w way) bool { return string(w.first) == name })
	}), nil
}

// demandToReach returns the second factor that raises the sign-in to its target.
func (a *attempt) demandToReach(u *store.User) (factors.Demand, error) {
	var among []string
	for _, challenge := range []string{smsMFA, softwareTokenMFA, emailOTP} {
		if assurance.Level(append(a.methods(), methods[secondOf(challenge)])) >= a.state.Target {
			among = append(among, challenge)
		}
	}
	if len(among) == 0 {
		return factors.Demand{}, ErrUnreachable
	}
	d, err := factors.DemandOf(a.pool, u, factors.Risk{Forced: true, Among: among})
	if err == nil && (d.Challenge == "" || d.Challenge == mfaSetup) || errors.Is(err, factors.ErrNothingToSetUp) {
		return d, ErrUnreachable
	}
	return d, err
}

// keepCredit has the end of the sign-in refused if what it credits was ended meanwhile.
func (a *attempt) keepCredit() {
	if a.state.Family != "" {
		a.writes = append(a.writes, keepsFamily(a.state.Family))
	}
	if id := a.state.SSO; id != "" {
		a.writes = append(a.writes, func(tx store.Tx, _ *store.User) error {
			_, err := tx.Sessions.Get(id)
			if errors.Is(err, store.ErrNotFound) {
				return errSession
			}
			return err
		})
	}
}

// keepsFamily is a write that refuses the end of the sign-in if the tokens whose methods are credited were revoked meanwhile.
func keepsFamily(id string) func(store.Tx, *store.User) error {
	return func(tx store.Tx, _ *store.User) error {
		f, err := tx.RefreshTokens.Get(id)
		if errors.Is(err, store.ErrNotFound) || err == nil && !f.RevokedAt.IsZero() {
			return errSession
		}
		return err
	}
}

// Levels returns the levels that a user can reach with the factors that they have, the highest first.
func (m *Machine) Levels(ctx context.Context, p *userpool.Pool, c *userpool.Client, sub string) (list []int, err error) {
	a := &attempt{pool: p, client: c, hosted: true}
	a.state.Flow = userAuth
	if a.subject, err = m.o.Users.Reopen(ctx, p, true, sub, ""); err != nil {
		return nil, err
	}
	for level := assurance.Levels; level > 0; level-- {
		a.state.Target = level
		ways, err := m.ways(ctx, a)
		if err != nil {
			return nil, err
		}
		if len(ways) > 0 {
			list = append(list, level)
		}
	}
	return list, nil
}
