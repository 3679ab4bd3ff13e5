// Package replay keeps the sessions of sign-ins from being used twice.
//
// Memory remembers which sessions were used, bounded, in the memory of a process, and over processes with a Spender (store/redis). Sessions of users and of names that no user
// has are counted apart, so that made-up names use up no user's session.
//
// It does not make or open sessions (userpool/signin).
//
// Source: the Amazon Cognito API reference, RespondToAuthChallenge: a session can be used once.
package replay
