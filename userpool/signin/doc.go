// Package signin runs the sign-ins of user pools.
//
// Machine is the state machine. A flow begins a sign-in; steps ask the user for something and verify the answer; next, a
// pure function, says what a sign-in still owes. It ends in an Authentication: who, when, to which client, with which
// factors. InitiateAuth and RespondToAuthChallenge turn that into tokens.
//
//	begin:  flow allowed, parameters, secret hash → Find → verify or ask
//	resume: parameters, secret hash, state opened and spent → Reopen → verify → advance
//	verify: the step's answer, under the lockout if it can be guessed; then the factor is proved
//	advance: next → ask the next challenge, or Authentication
//
// A flow or a challenge is one file and one line in registry.go. Flows and steps do not know each other, whether the user
// exists, or who calls. machine.go does what they share, so that none can forget it.
//
// Between two calls the state travels through the client, sealed: see state. It is bound to pool, client, user and step and
// is good for one answer.
//
// It does not keep users or compare passwords (userpool/directory), sign tokens (userpool/tokens), or know the wire
// (server/cognitoidp).
//
// Source: the Amazon Cognito developer guide on authentication flows and challenges, and the API reference of InitiateAuth
// and RespondToAuthChallenge. docs/decisions/0010-sign-in-machine.md has the design.
package signin
