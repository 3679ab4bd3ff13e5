package passkeys

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/google/uuid"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/directory"
)

// Challenge is a sign-in's challenge to an authenticator. It travels in the sealed session.
type Challenge struct {
	Text   string    // Base64url
	Issued time.Time // when the session was sealed
}

// sessionLife is the longest time for which a session, and so a challenge, can be answered: the longest AuthSessionValidity.
const sessionLife = 15 * time.Minute

// Proof is a right answer to a Challenge.
type Proof struct {
	UserVerified bool // the flag UV: a PIN or a biometric check, as WebAuthn section 6.1 defines it
	Roaming      bool // the authenticator is not part of the device, such as a security key

	// Record keeps the use of the passkey, in the transaction that continues or ends the sign-in. It returns
	// userpool.ErrWrongPassword if the challenge was answered meanwhile, or if the passkey was deleted.
	Record func(store.Tx, *store.User) error
}

// Has reports whether the subject can sign in with a passkey of the pool's relying party. For a stand-in the answer follows
// from its name.
func (s *Service) Has(ctx context.Context, p *userpool.Pool, subject *directory.Subject) (bool, error) {
	if !p.WebAuthn.Usable() {
		return false, nil
	}
	list, err := s.of(ctx, p, subject)
	return len(list) > 0, err
}

// Ask returns the options with which the subject's client signs in, and the challenge in them. The options of a stand-in name
// a credential that does not exist.
func (s *Service) Ask(ctx context.Context, p *userpool.Pool, subject *directory.Subject) (options json.RawMessage, challenge string, err error) {
	list, err := s.of(ctx, p, subject)
	if err != nil {
		return nil, "", err
	}
	if challenge, err = s.newChallenge(); err != nil {
		return nil, "", err
	}
	options, err = request(p.WebAuthn, challenge, list)
	return options, challenge, err
}

// AskAnyone returns the options with which any client signs in that has a passkey of the pool's relying party, and the
// challenge in them. The answer says who the user is: see UserOf.
func (s *Service) AskAnyone(p *userpool.Pool) (options json.RawMessage, challenge string, err error) {
	if challenge, err = s.newChallenge(); err != nil {
		return nil, "", err
	}
	options, err = request(p.WebAuthn, challenge, nil)
	return options, challenge, err
}

// UserOf returns the sub in the user handle of a credential, "" if it has none. Answer verifies the credential for that user.
func UserOf(credential string) string {
	sent, _, err := parse([]byte(credential), maxAssertion)
	if err != nil || len(sent.Response.UserHandle) > maxHandle || uuid.Validate(string(sent.Response.UserHandle)) != nil {
		return ""
	}
	return string(sent.Response.UserHandle)
}

// maxHandle is the length of the longest user handle, in bytes (Web Authentication Level 3, section 5.4.3).
const maxHandle = 64

// of returns the subject's passkeys of the pool's relying party.
func (s *Service) of(ctx context.Context, p *userpool.Pool, subject *directory.Subject) (list []store.Passkey, err error) {
	err = s.base.View(ctx, func(tx store.Tx) error {
		list, err = tx.Passkeys.OfUser(p.ID, subject.User.Sub)
		return err
	})
	if !subject.Exists {
		return s.standIns(p, subject.Name), err
	}
	return slices.DeleteFunc(list, func(k store.Passkey) bool { return k.RelyingParty != p.WebAuthn.RelyingParty }), err
}

// Answer verifies the subject's answer to the challenge. It returns nil if the answer is wrong.
func (s *Service) Answer(ctx context.Context, p *userpool.Pool, subject *directory.Subject, c Challenge, credential string) (*Proof, error) {
	proof, err := s.answer(ctx, p, subject, c, credential)
	if refused, ok := errors.AsType[*refusal](err); ok {
		s.base.Logger.DebugContext(ctx, "a passkey's answer is refused", "pool", p.ID, "reason", refused.err)
		return nil, nil
	}
	return proof, err
}

// refusal is the reason why an answer is wrong. It is for the log.
type refusal struct{ err error }

func (r *refusal) Error() string { return r.err.Error() }

func refuse(format string, args ...any) error { return &refusal{fmt.Errorf(format, args...)} }

func (s *Service) answer(ctx context.Context, p *userpool.Pool, subject *directory.Subject, c Challenge, credential string) (*Proof, error) {
	sent, data, err := parse([]byte(credential), maxAssertion)
	if err != nil {
		return nil, refuse("%w", err)
	}
	if !originAllowed(data.Origin, p.WebAuthn.RelyingParty) {
		return nil, refuse("the origin %q is not of the relying party %q", data.Origin, p.WebAuthn.RelyingParty)
	}
	given, err := sent.assertion(data)
	if err != nil {
		return nil, refuse("%w", err)
	}
	var known store.Passkey
	err = s.base.View(ctx, func(tx store.Tx) error {
		known, err = tx.Passkeys.Get(p.ID, given.RawID)
		return err
	})
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	theirs := err == nil && subject.Exists && known.Sub == subject.User.Sub && known.RelyingParty == p.WebAuthn.RelyingParty
	key := known.PublicKey
	if !theirs {
		key = s.anyKey // so that the call takes as long as with a key of the user
	}
	err = given.Verify(c.Text, p.WebAuthn.RelyingParty, "", []string{data.Origin}, nil, nil,
		protocol.TopOriginExplicitVerificationMode, false, p.WebAuthn.Verify, true, key, protocol.SignaturePolicy{})
	switch {
	case !theirs:
		return nil, refuse("the passkey is not the user's")
	case err != nil:
		return nil, refuse("%w", err)
	}
	used := use{sub: known.Sub, id: known.ID, challenge: c, count: int(given.Response.AuthenticatorData.Counter)}
	if err := consistent(&known, given); err != nil {
		return nil, err
	}
	if err := s.mark(&known, used); err != nil {
		return nil, err
	}
	return &Proof{UserVerified: given.Response.AuthenticatorData.Flags.UserVerified(), Roaming: roams(&known),
		Record: func(tx store.Tx, _ *store.User) error { return s.record(tx, p.ID, used) }}, nil
}

// consistent compares an authenticator's flags with those at the registration of the passkey.
func consistent(p *store.Passkey, given *protocol.ParsedCredentialAssertionData) error {
	flags := given.Response.AuthenticatorData.Flags
	switch handle := given.Response.UserHandle; {
	case len(handle) > 0 && !bytes.Equal(handle, []byte(p.Sub)):
		return refuse("the user handle is not the user's")
	case flags.HasBackupEligible() != p.BackupEligible, flags.HasBackupState() && !flags.HasBackupEligible():
		return refuse("the backup flags contradict those of the registration")
	}
	return nil
}

// roams reports whether the passkey is of a roaming authenticator. If the client did not name the attachment when it was
// registered, its transports tell.
func roams(p *store.Passkey) bool {
	if p.Attachment != "" {
		return p.Attachment == string(protocol.CrossPlatform)
	}
	return len(p.Transports) > 0 && !slices.Contains(p.Transports, string(protocol.Internal)) && !slices.Contains(p.Transports, string(protocol.Hybrid))
}

// use is one use of a passkey.
type use struct {
	sub       string
	id        []byte
	challenge Challenge
	count     int // the authenticator's
}

// mark changes p by its use. A count that does not grow means that the authenticator was cloned, or that the answer is
// repeated; authenticators that do not count send 0.
//
// Source: Web Authentication Level 3, section 6.1.1.
func (s *Service) mark(p *store.Passkey, u use) error {
	if (u.count != 0 || p.SignCount != 0) && u.count <= p.SignCount {
		return refuse("the sign count %d is not above %d", u.count, p.SignCount)
	}
	p.SignCount = u.count
	err := answerOnce(p, u.challenge.Text, u.challenge.Issued, s.base.Now(), sessionLife)
	if errors.Is(err, errAnswered) {
		return refuse("%w", err)
	}
	return err
}

func (s *Service) record(tx store.Tx, poolID string, u use) error {
	p, err := tx.Passkeys.Get(poolID, u.id)
	if errors.Is(err, store.ErrNotFound) || err == nil && p.Sub != u.sub {
		return userpool.ErrWrongPassword
	}
	if err != nil {
		return err
	}
	err = s.mark(&p, u)
	if _, ok := errors.AsType[*refusal](err); ok {
		return userpool.ErrWrongPassword
	}
	if err != nil {
		return err
	}
	return tx.Passkeys.Update(p)
}
