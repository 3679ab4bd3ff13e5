package session

import (
	"errors"
	"io"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/seal"
)

var errPending = errors.New("session: body follows")

// What Open says, in AWS's words. Compare with errors.Is.
var (
	// ErrInvalid: the token is malformed, tampered with, of another access key, or sealed under a key no longer held.
	ErrInvalid = fault.New(fault.NotAuthorized, "The security token included in the request is invalid.")
	// ErrExpired: the session is over.
	ErrExpired = fault.New(fault.ExpiredToken, "The security token included in the request is expired")
)

// Credentials are what STS and identity pools answer.
type Credentials struct {
	AccessKeyID     string // ASIA and 16 of A-Z, 2-7
	SecretAccessKey seal.Secret
	SessionToken    string
	Expiration      time.Time
}

// Options are what NewMinter needs.
type Options struct {
	Box  *seal.Box // required
	Rand io.Reader // access key ids; crypto/rand when nil
}

// Minter makes and opens temporary credentials. It is safe for concurrent use.
type Minter struct{}

// NewMinter returns a Minter.
func NewMinter(o Options) (*Minter, error) { return nil, errPending }

// Mint makes credentials for the record.
func (m *Minter) Mint(r *Record) (Credentials, error) { return Credentials{}, errPending }

// Open returns the record and secret of the credentials; ErrInvalid or ErrExpired.
func (m *Minter) Open(accessKeyID, sessionToken string, now time.Time) (*Record, seal.Secret, error) {
	return nil, seal.Secret{}, errPending
}
