// Package signin runs the sign-ins of user pools.
//
// Machine is the state machine. A flow begins a sign-in. A step sends a challenge and verifies the answer. The pure function
// next returns the challenge that a sign-in still requires. A complete sign-in is an Authentication: the user, the time, the
// app client and the factors. InitiateAuth and RespondToAuthChallenge issue tokens for it; a hosted sign-in, which the login
// pages run, ends with it.
//
//	begin:  flow allowed, parameters, secret hash → Find → verify or ask
//	resume: parameters, secret hash, state opened and used up → Reopen → verify → advance
//	verify: the step's answer, under the lockout if it can be guessed; then the factor is proved
//	advance: next → ask the next challenge, or Authentication
//
// Each flow and each challenge has one file and one line in registry.go. Flows and steps depend neither on each other, nor on
// whether the user exists, nor on the caller. machine.go makes the checks that all of them need.
//
// Between two calls the client holds the state, which is sealed: see state. It is bound to pool, client, user and step, and
// is valid for one answer.
//
// It does not keep users or compare passwords (userpool/directory), sign tokens (userpool/tokens), or decode requests
// (server/cognitoidp).
//
// Source: the Amazon Cognito developer guide on authentication flows and challenges, and the API reference of InitiateAuth
// and RespondToAuthChallenge. docs/decisions/0010-sign-in-machine.md has the design.
package signin
