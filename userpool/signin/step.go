package signin

import (
	"context"
	"time"
)

// Factor is a way in which a user proves who they are.
type Factor string

// Password is the factor of a password, whether it was sent or proved by SRP.
const Password Factor = "PASSWORD"

// step is a challenge, or the check of a proof that a flow sends in its first call. Each has its own file and a line in the
// registry. A step does not depend on other steps; next determines their order. The machine handles what all steps share:
// client, secret hash, session, lockout, existence and observation.
type step struct {
	name     string   // ChallengeName; "" for a step that only flows use
	required []string // parameters of the answer
	factor   Factor   // what a right answer proves; "" for nothing
	guarded  bool     // a wrong answer counts towards the lockout
	inBlock  bool     // the state is in SECRET_BLOCK and valid for one answer; there is no Session
	flow     string   // the flow with which answers are counted before the state is read

	// check validates the form of an answer before the state is read; nil accepts every form.
	check func(params map[string]string, now time.Time) error

	// ask returns what the client needs in order to answer; nil for a step that only flows use.
	ask func(context.Context, *attempt) (*question, error)

	// answer reports whether the answer in a.params is right. If false, the client gets the error of a wrong password. An
	// error is the answer to the client; unless it is fault.NotAuthorized, the client may answer again with the same
	// Session. The subject may be a stand-in, for which the machine takes no answer as a proof.
	answer func(context.Context, *attempt) (bool, error)
}

// question is the challenge of a step.
type question struct {
	parameters map[string]string
	own        any // the step's own state, which comes back in a.state.Own; encoded as JSON
}
