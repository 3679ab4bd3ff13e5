package signin

import (
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/directory"
)

// attempt is one call of a sign-in. Flows and steps get it after the shared checks: the flow is allowed, the required
// parameters are present, the secret hash is right and the subject is set.
type attempt struct {
	pool    *userpool.Pool
	client  *userpool.Client
	hosted  bool              // the login pages ask
	admin   bool              // an administrator asks
	params  map[string]string // AuthParameters or ChallengeResponses
	session string            // Session of an answer
	block   []byte            // decoded SECRET_BLOCK of an answer
	context userpool.ClientContext
	answers bool             // the call answers a challenge
	again   bool             // the call asks for another code instead
	spent   string           // the ID of the state that the answer used up; "" for none
	kept    string           // where the store has the state too that came in the Session; "" for nowhere
	taken   *store.Challenge // the state that this answer took out of the store; nil for none
	judged  bool             // a function has seen the answer, so it cannot be repeated

	giveBack func() // lets the state be used once more; nil for none

	subject  *directory.Subject
	state    state
	levels   []int           // to aim at, of the call that begins
	known    *Known          // an earlier hosted sign-in whose methods are credited; nil for none
	until    int64           // when the next Session expires, Unix milliseconds; 0 for the client's session duration from now
	offered  []string        // the challenges that the subject can begin with; nil if not asked yet
	device   *store.Device   // of state.Device; nil for none
	decision *decision       // of DefineAuthChallenge in this call; nil if it was not asked
	verifier *store.Password // the password record with an SRP verifier to be added; nil for none
	guess    error           // the error of a wrong guess, if this call has made a right one that no transaction has checked again yet

	// writes change the user's record for a proof, such as the step of a TOTP. They run in the transaction that ends the
	// sign-in, or before the next challenge. An error is the answer to the client.
	writes []func(store.Tx, *store.User) error
}

// newAttempt returns an attempt for the client. With inPool, it must be one of the pool's.
func (m *Machine) newAttempt(ctx context.Context, inPool bool, poolID, clientID string) (*attempt, error) {
	a := &attempt{}
	var err error
	if inPool {
		a.pool, a.client, err = m.o.Pools.ClientOf(ctx, poolID, clientID)
	} else {
		a.pool, a.client, err = m.o.Pools.PoolAndClient(ctx, clientID)
	}
	return a, err
}

// maxParameter limits the values in AuthParameters and ChallengeResponses, for which the API model states no limit. It is in
// bytes, and allows for the 128 and 256 characters that other operations permit in the same values.
var maxParameter = map[string]int{"PASSWORD": 1024, "NEW_PASSWORD": 1024, "ANSWER": 16384, "DEVICE_KEY": 55, "DEVICE_SECRET": 128, "TARGET_ACR_VALUES": 4096, "ACCESS_TOKEN": 16384, "MAX_AGE": 10,
	"PHONE_NUMBER": 16, "EMAIL": 254, "email": 254}

// maxUsername is the longest user name of the API, in characters. errLongUsername has AWS's text for it.
const maxUsername = 128

var errLongUsername = fault.New(fault.InvalidParameter, "1 validation error detected: Value at 'username' failed to satisfy constraint: Member must have length less than or equal to 128")

// require refuses parameters that are missing, too long, or looked up in the store and with a NUL, which PostgreSQL refuses.
func (a *attempt) require(names []string) error {
	for _, n := range names {
		if a.params[n] == "" && !(n == "USERNAME" && a.hosted && a.answers) {
			return fault.New(fault.InvalidParameter, "Missing required parameter %s", n)
		}
	}
	if utf8.RuneCountInString(a.params["USERNAME"]) > maxUsername {
		return errLongUsername
	}
	for n, limit := range maxParameter {
		if len(a.params[n]) > limit {
			return fault.New(fault.InvalidParameter, "The parameter %s is too long.", n)
		}
	}
	for _, n := range []string{"USERNAME", "DEVICE_KEY"} {
		if strings.ContainsRune(a.params[n], 0) {
			return fault.New(fault.InvalidParameter, "The parameter %s must not contain a NUL character.", n)
		}
	}
	return nil
}

// checkSecretHash checks SECRET_HASH for a name. Administrators prove themselves by their own key: they may call for a client that has
// only keys, and so no hash.
func (a *attempt) checkSecretHash(username string) error {
	if a.hosted || a.admin && a.client.Settings.OAuth.SignsAssertions() {
		return nil
	}
	return a.client.CheckSecretHash(username, a.params["SECRET_HASH"])
}

// admit returns an error for a subject who may not attempt to sign in. AWS, "Managing user existence error responses": for a
// client that hides user existence, a disabled user gets the specific error only after the right password.
func (a *attempt) admit(hidden bool) error {
	u := &a.subject.User
	switch {
	case !u.Enabled && !hidden:
		return userpool.ErrDisabled
	case u.Status == userpool.StatusUnconfirmed && !a.mayConfirm():
		return userpool.ErrNotConfirmed
	}
	return nil
}

// mayConfirm reports whether the sign-in can confirm its user: AWS confirms one who begins with a code. offered leaves such a
// user nothing else.
func (a *attempt) mayConfirm() bool {
	return a.choosing() && a.pool.OTPAttribute(a.subject.User.Attributes) != ""
}

// prove records that the user has proved the factor.
func (a *attempt) prove(f Factor) {
	if !slices.Contains(a.state.Proved, f) {
		a.state.Proved = append(a.state.Proved, f)
	}
	if f == Password {
		a.state.Password = a.subject.User.Password.ModifiedAt.UnixMilli()
	}
	a.state.Chosen, a.state.Address = "", ""
}

// finished records a finished challenge of CUSTOM_AUTH for its triggers. metadata is the challengeMetadata of a custom one.
func (a *attempt) finished(challenge string, right bool, metadata string) {
	if a.state.Flow == customAuth && challenge != "" {
		a.state.Finished = append(a.state.Finished, Finished{challenge, right, metadata})
	}
}
