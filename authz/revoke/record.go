package revoke

import (
	"time"

	"github.com/sluicegate/sluice/fault"
)

// Kind is the kind of a revocation.
type Kind string

// The kinds.
const (
	KindFamily   Kind = "family"   // the tokens of one sign-in, by origin_jti
	KindSessions Kind = "sessions" // all sign-ins of a subject up to a time
	KindIssued   Kind = "issued"   // everything issued to a subject before a time; its sign-ins stay valid
	KindRole     Kind = "role"     // temporary credentials of a role issued before a time
	KindIdentity Kind = "identity" // temporary credentials of an identity issued before a time
	KindCut      Kind = "cut"      // everything of an issuer, of all roles or of all identities; only a full Index makes it
)

// Window is the time before a sign-out in which sign-ins are identified by origin_jti instead of time. auth_time is in
// whole seconds, and the clocks of several processes differ. Within the window, a comparison of times alone could miss
// an old sign-in or revoke one that follows the sign-out.
const Window = 10 * time.Second

// MaxLead is how far ahead of the clock of a process tokens may be dated. The clock may be 30 seconds behind the store's, which dates them up
// to 20 seconds ahead of itself for a user who signs out many times within a second (packages userpool and userpool/tokens).
const MaxLead = 50 * time.Second

// Limits on a record.
const (
	maxName   = 2048
	maxRecent = 10_000
)

// Record is a revocation. Make it with Family, Sessions, Issued, Role or Identity; the fields are exported for storing and
// sending. Times are in milliseconds since 1970.
type Record struct {
	Kind   Kind     `json:"kind"`             // decides what Name is
	Issuer string   `json:"issuer,omitempty"` // the exact iss; not for roles and identities
	Name   string   `json:"name"`             // origin_jti, sub, role ARN or identity id
	Of     string   `json:"of,omitempty"`     // families: the sub; empty if it is not known
	At     int64    `json:"at,omitempty"`     // the time of the revocation; for families, 0 if it is not known
	Recent []string `json:"recent,omitempty"` // sessions: see Sessions
	Until  int64    `json:"until"`            // when everything that the record revokes has expired
}

// Family revokes the tokens of one sign-in and the credentials obtained with them (RevokeToken).
func Family(issuer, originJTI string, until time.Time) Record {
	return Record{Kind: KindFamily, Issuer: issuer, Name: originJTI, Until: until.UnixMilli()}
}

// FamilyOf is like Family for a family that ends at a time: no token of it may be issued later than at. A full Index can combine the
// families of one subject without revoking the tokens of others. subject is "" if it is not known.
func FamilyOf(issuer, subject, originJTI string, at, until time.Time) Record {
	return Record{Kind: KindFamily, Issuer: issuer, Name: originJTI, Of: subject, At: at.UnixMilli(), Until: until.UnixMilli()}
}

// Sessions revokes all sign-ins of a subject up to at (GlobalSignOut, AdminUserGlobalSignOut). recent lists the
// origin_jti of every known sign-in of the subject whose auth_time is at most Window before at. Read it in the
// transaction that ends the sign-ins. A sign-in is revoked if its auth_time is before the window or if recent lists it.
// A sign-in without origin_jti, whose client has token revocation turned off, is revoked if its auth_time is not after
// at. A sign-in that follows in the same second stays valid.
func Sessions(issuer, subject string, at time.Time, recent []string, until time.Time) Record {
	return Record{Kind: KindSessions, Issuer: issuer, Name: subject, At: at.UnixMilli(), Recent: recent, Until: until.UnixMilli()}
}

// Issued revokes everything that was issued to a subject up to and including the second of at, but not its sign-ins.
// Call it when a group is removed, an attribute changes, or a user is disabled or deleted. Refreshing returns valid
// tokens from the next second on, because iat is in whole seconds.
func Issued(issuer, subject string, at, until time.Time) Record {
	return Record{Kind: KindIssued, Issuer: issuer, Name: subject, At: nextSecond(at), Until: until.UnixMilli()}
}

// Role revokes the temporary credentials of a role that were issued before at, like a policy with aws:TokenIssueTime.
func Role(arn string, at, until time.Time) Record {
	return Record{Kind: KindRole, Name: arn, At: at.UnixMilli(), Until: until.UnixMilli()}
}

// Identity revokes the temporary credentials of an identity of an identity pool that were issued before at.
func Identity(id string, at, until time.Time) Record {
	return Record{Kind: KindIdentity, Name: id, At: at.UnixMilli(), Until: until.UnixMilli()}
}

func nextSecond(t time.Time) int64 { return (t.Unix() + 1) * 1000 }

// check returns an error for a record that no constructor returns. Records also come from the store and other processes.
func (r *Record) check() error {
	bad := func(what string) error { return fault.New(fault.InvalidParameter, "revocation: "+what) }
	switch r.Kind {
	case KindFamily, KindSessions, KindIssued:
		if r.Issuer == "" {
			return bad("the issuer is missing")
		}
	case KindRole, KindIdentity:
		if r.Issuer != "" {
			return bad("a role or identity has no issuer")
		}
	case KindCut:
		all := r.Name == string(KindRole) || r.Name == string(KindIdentity)
		if all == (r.Issuer != "") || !all && r.Name != "" || len(r.Issuer) > maxName || len(r.Recent) > 0 {
			return bad("a cut must be of an issuer, of all roles or of all identities")
		}
		return nil
	default:
		return bad("the kind is unknown")
	}
	if len(r.Of) > maxName || r.Of != "" && r.Kind != KindFamily {
		return bad("a subject of something else than a family, or one that is too long")
	}
	if r.Name == "" || len(r.Name) > maxName || len(r.Issuer) > maxName {
		return bad("the name is missing, or name or issuer is too long")
	}
	if len(r.Recent) > maxRecent || len(r.Recent) > 0 && r.Kind != KindSessions {
		return bad("too many recent sign-ins, or recent sign-ins in a record of another kind")
	}
	for _, family := range r.Recent {
		if family == "" || len(family) > maxName {
			return bad("a recent sign-in is empty or too long")
		}
	}
	return nil
}
