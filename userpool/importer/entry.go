package importer

import (
	"time"

	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/passwordhash"
)

// Entry is a user to be imported.
type Entry struct {
	// Username is the name with which the user signs in. In a pool whose users sign in by address it is that address; if it is
	// something else or empty, the address is taken from the attributes.
	Username   string
	Sub        string            // a UUID, kept; "" makes one
	Attributes map[string]string // without sub
	Status     string            // "" is CONFIRMED for a user who can sign in with Hash or with a code, else RESET_REQUIRED
	Disabled   bool
	Created    time.Time // zero is now
	Modified   time.Time // zero is now
	Groups     []string  // they must exist

	Hash *passwordhash.Hash // nil for a user without a password
	// Elsewhere is for a user whose password only the pool knows that the user was pulled from.
	Elsewhere bool
	TOTP      []byte       // the secret of an authenticator app with Cognito's parameters; nil = none
	MFA       userpool.MFA // which second factors are on; its Secret is made from TOTP
}
