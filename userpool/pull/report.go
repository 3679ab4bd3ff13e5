package pull

import (
	"fmt"
	"io"
	"slices"
)

// Report says what a pull did, and what cannot come over.
type Report struct {
	Clients, Groups, Servers, Providers int          // how many came over, new or known here
	Read                                int          // users
	Added, Updated, Unchanged           int          // users, each in one of the three
	Refused                             int          // users who were not written
	Removed                             int          // users who were deleted here after an earlier pull, and stay away
	Authenticators                      int          // users whose authenticator app did not come over
	Elsewhere                           int          // users of this run whose password is still at the old pool
	Relay                               *RelayChoice // nil = passwords do not come over
	Notes                               []string     // what did not come over, or needs a step by hand
}

// RelayChoice is the app client of the old pool that is asked for passwords.
type RelayChoice struct{ ClientID, Flow string }

func newReport() *Report { return &Report{} }

// maxNotes bounds the notes: a pool can have a million users.
const maxNotes = 200

func (r *Report) note(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	switch {
	case slices.Contains(r.Notes, text):
	case len(r.Notes) < maxNotes:
		r.Notes = append(r.Notes, text)
	case len(r.Notes) == maxNotes:
		r.Notes = append(r.Notes, "and more")
	}
}

// never lists what Cognito's API never returns.
var never = []string{
	"passwords: they come over by the relay, at each user's first sign-in with the password itself",
	"the secrets of authenticator apps (TOTP): their users set the app up again",
	"passkeys and remembered devices: users register them again",
	"password history, refresh tokens and signing keys: users sign in again",
}

// Write prints the report.
func (r *Report) Write(w io.Writer) error {
	out := fmt.Appendf(nil, "app clients %d, groups %d, resource servers %d, identity providers %d\n", r.Clients, r.Groups, r.Servers, r.Providers)
	out = fmt.Appendf(out, "users read %d: added %d, updated %d, unchanged %d, refused %d\n", r.Read, r.Added, r.Updated, r.Unchanged, r.Refused)
	if r.Removed > 0 {
		out = fmt.Appendf(out, "users who were deleted here and stay away: %d\n", r.Removed)
	}
	if r.Relay != nil {
		out = fmt.Appendf(out, "passwords come over through app client %s (%s)\n", r.Relay.ClientID, r.Relay.Flow)
	}
	if r.Authenticators > 0 {
		out = fmt.Appendf(out, "users who must set up their authenticator app again: %d\n", r.Authenticators)
	}
	out = append(out, "what AWS does not show, and cannot come over:\n"...)
	for _, text := range never {
		out = fmt.Appendf(out, "  - %s\n", text)
	}
	if len(r.Notes) > 0 {
		out = append(out, "to be looked at:\n"...)
	}
	for _, text := range r.Notes {
		out = fmt.Appendf(out, "  - %s\n", text)
	}
	_, err := w.Write(out)
	return err
}
