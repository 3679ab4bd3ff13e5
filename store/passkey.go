package store

import (
	"encoding/json"
	"time"
)

// Passkey is a WebAuthn credential of a user.
type Passkey struct {
	PoolID         string          // of the user
	ID             []byte          // the credential ID, which the authenticator chose; unique in the pool
	Sub            string          // the user
	RelyingParty   string          // the RP ID that the credential is bound to
	PublicKey      []byte          // COSE_Key
	SignCount      int             // as of the last use; 0 for authenticators that do not count
	Name           string          // for the user
	AAGUID         []byte          // the model of the authenticator
	Attachment     string          // "platform", "cross-platform" or ""
	Transports     []string        // such as "internal" and "hybrid", as the client named them
	BackupEligible bool            // the authenticator may copy the key to other devices
	Answered       json.RawMessage // the challenges that it answered lately; package userpool/passkeys defines it
	CreatedAt      time.Time
}

// Passkeys keeps WebAuthn credentials.
type Passkeys interface {
	Get(poolID string, id []byte) (Passkey, error)
	Insert(Passkey) error                         // ErrExists with Conflict.Key "id"; ErrNotFound without the user
	Update(Passkey) error                         // ErrNotFound; neither the user nor CreatedAt changes
	Delete(poolID string, id []byte) error        // ErrNotFound
	OfUser(poolID, sub string) ([]Passkey, error) // the oldest first
}
