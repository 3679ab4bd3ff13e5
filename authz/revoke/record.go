package revoke

import (
	"time"

	"github.com/sluicegate/sluice/fault"
)

// Kind says what a Record revokes.
type Kind string

// The kinds.
const (
	KindFamily   Kind = "family"   // the tokens of one sign-in, by origin_jti
	KindSessions Kind = "sessions" // all sign-ins of a subject up to a moment
	KindIssued   Kind = "issued"   // what a subject was issued before a moment; its sign-ins go on
	KindRole     Kind = "role"     // temporary credentials of a role issued before a moment
	KindIdentity Kind = "identity" // temporary credentials of an identity issued before a moment
	KindCut      Kind = "cut"      // everything of an issuer, of all roles or of all identities: a full index makes it
)

// Window is how far before a sign-out the recent sign-ins are told apart by name and not by time. A token says in whole
// seconds when its user signed in, and the clocks of several processes differ a little: within the window, time alone
// would either spare an old session or kill one that began right after the sign-out.
const Window = 10 * time.Second

// Limits on a record.
const (
	maxName   = 2048
	maxRecent = 10_000
)

// Record is one revocation. Make it with Family, Sessions, Issued, Role or Identity; the fields are exported for
// storing and sending. Times are milliseconds since 1970.
type Record struct {
	Kind   Kind     `json:"kind"`
	Issuer string   `json:"issuer,omitempty"` // the exact iss; not for roles and identities
	Name   string   `json:"name"`             // origin_jti, sub, role ARN or identity id
	Of     string   `json:"of,omitempty"`     // families: the sub; empty if it is not known
	At     int64    `json:"at,omitempty"`     // the moment; for families, only with Of
	Recent []string `json:"recent,omitempty"` // sessions: see Sessions
	Until  int64    `json:"until"`            // from then on everything that it meets has expired
}

// Family revokes the tokens, and the credentials got with them, of one sign-in: RevokeToken.
func Family(issuer, originJTI string, until time.Time) Record {
	return Record{Kind: KindFamily, Issuer: issuer, Name: originJTI, Until: until.UnixMilli()}
}

// FamilyOf is Family for a family whose subject is known: a full index can then combine the families of one subject, and
// spare everybody else's tokens. at is when the family ended; none of its tokens is issued later.
func FamilyOf(issuer, subject, originJTI string, at, until time.Time) Record {
	return Record{Kind: KindFamily, Issuer: issuer, Name: originJTI, Of: subject, At: at.UnixMilli(), Until: until.UnixMilli()}
}

// Sessions revokes every sign-in of a subject up to at: GlobalSignOut, AdminUserGlobalSignOut. recent are the origin_jti of
// all sign-ins of the subject that are known at that moment and whose auth_time is not before at less Window, read in the
// transaction that ends them. A sign-in is dead when its auth_time lies before the window or when it is among recent; one
// without origin_jti (its client has token revocation off) when its auth_time is not after at. So a sign-in that follows
// in the same second lives.
func Sessions(issuer, subject string, at time.Time, recent []string, until time.Time) Record {
	return Record{Kind: KindSessions, Issuer: issuer, Name: subject, At: at.UnixMilli(), Recent: recent, Until: until.UnixMilli()}
}

// Issued revokes what a subject was issued up to and including the second of at, and leaves its sign-ins alone: a group
// was removed, an attribute changed, a user disabled or deleted. A refresh gives tokens that hold again, if their
// iat is not before the next second: iat has whole seconds.
func Issued(issuer, subject string, at, until time.Time) Record {
	return Record{Kind: KindIssued, Issuer: issuer, Name: subject, At: nextSecond(at), Until: until.UnixMilli()}
}

// Role revokes the temporary credentials of a role that were issued before at, as a policy on aws:TokenIssueTime does.
func Role(arn string, at, until time.Time) Record {
	return Record{Kind: KindRole, Name: arn, At: at.UnixMilli(), Until: until.UnixMilli()}
}

// Identity revokes the temporary credentials of an identity of an identity pool that were issued before at.
func Identity(id string, at, until time.Time) Record {
	return Record{Kind: KindIdentity, Name: id, At: at.UnixMilli(), Until: until.UnixMilli()}
}

func nextSecond(t time.Time) int64 { return (t.Unix() + 1) * 1000 }

// check refuses what no constructor makes: records also come from a store and from other processes.
func (r *Record) check() error {
	bad := func(what string) error { return fault.New(fault.InvalidParameter, "revocation: "+what) }
	switch r.Kind {
	case KindFamily, KindSessions, KindIssued:
		if r.Issuer == "" {
			return bad("no issuer")
		}
	case KindRole, KindIdentity:
		if r.Issuer != "" {
			return bad("an issuer of a role or identity")
		}
	case KindCut:
		all := r.Name == string(KindRole) || r.Name == string(KindIdentity)
		if all == (r.Issuer != "") || !all && r.Name != "" || len(r.Issuer) > maxName || len(r.Recent) > 0 {
			return bad("a cut through something else than an issuer, all roles or all identities")
		}
		return nil
	default:
		return bad("of an unknown kind")
	}
	if len(r.Of) > maxName || r.Of != "" && r.Kind != KindFamily {
		return bad("a subject of something else than a family, or one that is too long")
	}
	if r.Name == "" || len(r.Name) > maxName || len(r.Issuer) > maxName {
		return bad("a name that is missing or too long")
	}
	if len(r.Recent) > maxRecent || len(r.Recent) > 0 && r.Kind != KindSessions {
		return bad("too many recent sign-ins")
	}
	for _, family := range r.Recent {
		if family == "" || len(family) > maxName {
			return bad("a recent sign-in that is missing or too long")
		}
	}
	return nil
}
