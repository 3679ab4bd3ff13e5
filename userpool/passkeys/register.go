package passkeys

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/tokens"
)

const (
	maxPasskeys      = 20              // of a user
	registrationLife = 5 * time.Minute // AWS documents no limit; the options tell the client one minute
	codeRegistration = "passkey registration"
)

// purposeChallenge keys the hashes of registration challenges.
const purposeChallenge = "passkey registration challenge"

var (
	errNotEnabled   = fault.New(fault.WebAuthnNotEnabled, "Passkeys are not enabled: WEB_AUTHN is not among the AllowedFirstAuthFactors of the user pool.")
	errNoConfig     = fault.New(fault.WebAuthnConfigurationMissing, "The user pool has no relying party ID. Set RelyingPartyId in WebAuthnConfiguration.")
	errLimit        = fault.New(fault.LimitExceeded, "A user can have at most 20 passkeys.")
	errNoChallenge  = fault.New(fault.WebAuthnChallengeNotFound, "There is no registration to complete. Start one; it is valid for 5 minutes and for one completion.")
	errOtherClient  = fault.New(fault.WebAuthnClientMismatch, "Another app client started the registration.")
	errCredential   = fault.New(fault.InvalidParameter, "Invalid credential.")
	errOrigin       = fault.New(fault.WebAuthnOriginNotAllowed, "The origin of the credential does not belong to the relying party.")
	errRelyingParty = fault.New(fault.WebAuthnRelyingPartyMismatch, "The credential belongs to another relying party.")
	errNotSupported = fault.New(fault.WebAuthnCredentialNotSupported, "The credential is not supported.")
	errRegistered   = fault.New(fault.InvalidParameter, "The credential is registered already.")
)

// Start is StartWebAuthnRegistration. It returns the options with which the client of the token's user makes a credential. A
// second call replaces the challenge of the first.
func (s *Service) Start(ctx context.Context, accessToken string) (json.RawMessage, error) {
	h, err := s.holder(ctx, accessToken)
	if err != nil {
		return nil, err
	}
	return s.start(ctx, h, h.User.Username)
}

// holder returns the holder of an access token. The operations on passkeys do not declare fault.UserNotFound.
func (s *Service) holder(ctx context.Context, accessToken string) (*tokens.Holder, error) {
	h, err := s.o.Tokens.Authenticate(ctx, accessToken)
	return h, tokens.WithoutNoUser(err)
}

func (s *Service) start(ctx context.Context, h *tokens.Holder, name string) (json.RawMessage, error) {
	switch w := h.Pool.WebAuthn; {
	case !w.Enabled:
		return nil, errNotEnabled
	case w.RelyingParty == "":
		return nil, errNoConfig
	}
	challenge, err := s.newChallenge()
	if err != nil {
		return nil, err
	}
	now := s.base.Now()
	record := store.Code{PoolID: h.Pool.ID, Sub: h.User.Sub, Purpose: codeRegistration, Hash: s.challengeHash(h, challenge),
		Value: h.Client.ID, CreatedAt: now, ExpiresAt: now.Add(registrationLife)}
	var registered []store.Passkey
	err = s.base.Update(ctx, func(tx store.Tx) error {
		if registered, err = tx.Passkeys.OfUser(h.Pool.ID, h.User.Sub); err != nil {
			return err
		}
		if len(registered) >= maxPasskeys {
			return errLimit
		}
		return tx.Codes.Put(record)
	})
	if err != nil {
		return nil, userGone(err)
	}
	return creation(h.Pool.WebAuthn, h.User.Sub, name, challenge, registered)
}

func (s *Service) challengeHash(h *tokens.Holder, challenge string) []byte {
	sum := s.base.Seal.MAC(purposeChallenge, []byte(h.Pool.ID), []byte(h.User.Sub), []byte(challenge))
	return sum[:]
}

// userGone translates the error of a write for a user who was deleted after the token was checked.
func userGone(err error) error {
	if errors.Is(err, store.ErrNotFound) && fault.KindOf(err) == fault.Internal {
		return tokens.WithoutNoUser(userpool.ErrNoUser)
	}
	return err
}

// Complete is CompleteWebAuthnRegistration. It checks the credential that the client made, in AWS's order, and keeps it. Each
// challenge is good for one call, except that a call of another app client leaves it.
func (s *Service) Complete(ctx context.Context, accessToken string, credential json.RawMessage) error {
	h, err := s.holder(ctx, accessToken)
	if err != nil {
		return err
	}
	return s.finish(ctx, h, credential)
}

func (s *Service) finish(ctx context.Context, h *tokens.Holder, credential json.RawMessage) error {
	if !h.Pool.WebAuthn.Enabled {
		return errNotEnabled
	}
	var outcome error
	err := s.base.Update(ctx, func(tx store.Tx) error {
		outcome = s.complete(tx, h, credential)
		if fault.KindOf(outcome) == fault.Internal || fault.Is(outcome, fault.Unavailable) {
			return outcome
		}
		return nil // the challenge is used up although the credential is refused
	})
	if err != nil {
		return userGone(err)
	}
	return outcome
}

func (s *Service) complete(tx store.Tx, h *tokens.Holder, credential json.RawMessage) error {
	code, err := tx.Codes.Get(h.Pool.ID, h.User.Sub, codeRegistration)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return errNoChallenge
	case err != nil:
		return err
	case !s.base.Now().Before(code.ExpiresAt):
		return errNoChallenge
	case code.Value != h.Client.ID:
		return errOtherClient
	}
	if err := tx.Codes.Delete(h.Pool.ID, h.User.Sub, codeRegistration); err != nil {
		return err
	}
	p, err := check(h.Pool.WebAuthn, credential, func(challenge string) bool {
		return s.base.Seal.MatchMAC(code.Hash, purposeChallenge, []byte(h.Pool.ID), []byte(h.User.Sub), []byte(challenge))
	})
	if err != nil {
		return err
	}
	p.PoolID, p.Sub, p.CreatedAt = h.Pool.ID, h.User.Sub, s.base.Now()
	return keep(tx, *p)
}

// keep inserts a passkey unless its user has as many as are allowed.
func keep(tx store.Tx, p store.Passkey) error {
	registered, err := tx.Passkeys.OfUser(p.PoolID, p.Sub)
	if err != nil {
		return err
	}
	if len(registered) >= maxPasskeys {
		return errLimit
	}
	err = tx.Passkeys.Insert(p)
	if errors.Is(err, store.ErrExists) {
		return errRegistered
	}
	return err
}

// check verifies a new credential and returns its record without pool and user. The order of the checks decides the
// exception.
func check(w userpool.WebAuthn, credential []byte, isChallenge func(string) bool) (*store.Passkey, error) {
	c, data, err := parse(credential, maxCreation)
	if err != nil {
		return nil, fault.Wrap(fault.InvalidParameter, err, "%s", errCredential.Message)
	}
	if data.Type != protocol.CreateCeremony || !isChallenge(data.Challenge) {
		return nil, errCredential
	}
	if data.CrossOrigin || !originAllowed(data.Origin, w.RelyingParty) {
		return nil, errOrigin
	}
	attestation, err := c.attestation()
	if err != nil {
		return nil, fault.Wrap(fault.WebAuthnCredentialNotSupported, err, "%s", errNotSupported.Message)
	}
	made := &attestation.AuthData
	if hash := sha256.Sum256([]byte(w.RelyingParty)); !bytes.Equal(made.RPIDHash, hash[:]) {
		return nil, errRelyingParty
	}
	if err := supported(w, c, made); err != nil {
		return nil, fault.Wrap(fault.WebAuthnCredentialNotSupported, err, "%s", errNotSupported.Message)
	}
	p := &store.Passkey{ID: bytes.Clone(made.AttData.CredentialID), RelyingParty: w.RelyingParty,
		PublicKey: bytes.Clone(made.AttData.CredentialPublicKey), SignCount: int(made.Counter),
		AAGUID: bytes.Clone(made.AttData.AAGUID), Attachment: knownAttachment(c.Attachment),
		Transports: knownTransports(c.Response.Transports), BackupEligible: made.Flags.HasBackupEligible()}
	p.Name = friendlyName(p.AAGUID, p.Attachment)
	return p, nil
}

// supported returns an error if the authenticator did not do what the options ask for.
func supported(w userpool.WebAuthn, c *sent, made *protocol.AuthenticatorData) error {
	switch {
	case !bytes.Equal(c.RawID, made.AttData.CredentialID):
		return errors.New("passkeys: rawId is not the attested credential ID")
	case !made.Flags.UserPresent():
		return errors.New("passkeys: the user was not present")
	case w.Verify && !made.Flags.UserVerified():
		return errors.New("passkeys: the user was not verified")
	case made.Flags.HasBackupState() && !made.Flags.HasBackupEligible():
		return errors.New("passkeys: backed up, but not eligible for backup")
	}
	return checkKey(made.AttData.CredentialPublicKey)
}
