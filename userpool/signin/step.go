package signin

import (
	"context"
	"time"
)

// step is a challenge, or the check of a proof that a flow sends in its first call. Each has its own file and a line in the
// registry. A step does not depend on other steps; next determines their order. The machine handles what all steps share:
// client, secret hash, session, lockout, existence and observation.
type step struct {
	name     string   // ChallengeName; "" for a step that only flows use
	required []string // parameters of the answer
	factor   Factor   // what a right answer proves; "" for nothing
	second   Factor   // what it proves after a first factor; "" for the same
	guarded  bool     // a wrong answer counts towards the lockout
	wrong    error    // the answer to a wrong proof; nil for userpool.ErrWrongPassword
	inBlock  bool     // the state is in SECRET_BLOCK and valid for one answer; there is no Session
	kept     bool     // the state is also in the store, for an answer without a Session
	accepts  []string // other challenges whose Session an answer may have
	flow     string   // the flow with which answers are counted before the state is read

	// check validates the form of an answer before the state is read; nil accepts every form.
	check func(params map[string]string, now time.Time) error

	// inline reports whether the call that leads to the step has the answer already, such as PASSWORD with
	// PREFERRED_CHALLENGE; nil for never.
	inline func(*attempt) bool

	// ask returns what the client needs in order to answer; nil for a step that only flows use.
	ask func(context.Context, *attempt) (*question, error)

	// answer reports whether the answer in a.params is right. If false, the client gets the error wrong. An error is the
	// answer to the client; unless it is fault.NotAuthorized, the client may answer again with the same Session, so a code
	// has CodeMismatch as wrong. A step that selects another one sets a.state.Chosen. A write that belongs to the proof goes
	// to a.writes. The subject may be a stand-in, for which the machine takes no answer as a proof.
	answer func(context.Context, *attempt) (bool, error)
}

// question is the challenge of a step.
type question struct {
	parameters map[string]string
	available  []string // AvailableChallenges
	own        any      // the step's own state, which comes back in a.state.Own; encoded as JSON
}

// proves returns what a right answer proves in this attempt.
func (s *step) proves(a *attempt) Factor {
	if s.second != "" && provedOne(a.state.Proved, firstFactors) {
		return s.second
	}
	return s.factor
}
