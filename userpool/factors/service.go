// Package factors keeps the second factors of users: which ones a user turned on, and TOTP.
//
//	Demand         which second factor a sign-in requires: a pure function
//	Secret, Enroll a new TOTP secret, and its first code
//	MatchToken     checks a code of TOTP; the returned write makes sure that it is accepted once
//	SetPreference, SetSettings and their admin forms change what the user turned on
//	GetUserAuthFactors lists the first and second factors of a user
//
// A user's record holds the factors (userpool.MFA), with the secret sealed and the newest TOTP step that was accepted. The
// step is compared and written in one transaction, so that of concurrent calls with one code one wins, also over processes.
//
// It leaves to others: sending codes (userpool/directory), the order of challenges (userpool/signin) and the arithmetic of
// TOTP (userpool/totp).
//
// Source: the Amazon Cognito developer guide, "Adding MFA to a user pool"; the API reference of SetUserMFAPreference,
// AssociateSoftwareToken and VerifySoftwareToken.
package factors

import (
	"context"
	"errors"

	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/directory"
	"github.com/sluicegate/sluice/userpool/tokens"
)

// Options are what New needs. All are required.
type Options struct {
	Base   *userpool.Base     // the store and clock of all user pools
	Pools  *userpool.Service  // finds pools
	Tokens *tokens.Service    // checks access tokens
	Users  *directory.Service // finds and changes users

	Passkeys Passkeys // says who has one
}

// Passkeys are the passkeys of users. Package userpool/passkeys implements it.
type Passkeys interface {
	// Has reports whether the subject can sign in with a passkey.
	Has(ctx context.Context, p *userpool.Pool, subject *directory.Subject) (bool, error)
}

// Service keeps second factors. Its methods may be called from any goroutine.
type Service struct {
	o    Options
	base *userpool.Base
}

// New returns a Service, or an error that names the missing option.
func New(o Options) (*Service, error) {
	if o.Base == nil || o.Pools == nil || o.Tokens == nil || o.Users == nil || o.Passkeys == nil {
		return nil, errors.New("factors: Options.Base, Options.Pools, Options.Tokens, Options.Users and Options.Passkeys are required")
	}
	return &Service{o: o, base: o.Base}, nil
}
