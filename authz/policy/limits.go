package policy

import (
	"fmt"
	"unicode/utf8"
)

// Limit is a bound that AWS sets on the text of policies. IAM User Guide, "IAM and AWS STS quotas".
type Limit uint8

// The limits, in characters. White space does not count, except in what is passed to STS.
const (
	ManagedPolicy  Limit = iota // 6,144 for one document
	InlineOfUser                // 2,048 for all documents of a user together
	InlineOfGroup               // 5,120 for all documents of a group
	InlineOfRole                // 10,240 for all documents of a role
	TrustPolicy                 // 2,048; AWS raises it on request
	TrustPolicyMax              // 4,096, as far as AWS raises it
	SessionPolicy               // 2,048 for all documents of one call
)

// Other limits around policies.
const (
	MaxSessionManagedPolicies = 10 // managed policies named in one STS call
	MaxSessionTags            = 50
	MaxTagKey                 = 128 // characters
	MaxTagValue               = 256 // characters
)

var limits = [...]struct {
	name string
	max  int
}{
	ManagedPolicy:  {"a managed policy", 6144},
	InlineOfUser:   {"the inline policies of a user", 2048},
	InlineOfGroup:  {"the inline policies of a group", 5120},
	InlineOfRole:   {"the inline policies of a role", 10240},
	TrustPolicy:    {"a role's trust policy", 2048},
	TrustPolicyMax: {"a role's trust policy", 4096},
	SessionPolicy:  {"the session policies", 2048},
}

// Max returns the limit in characters.
func (l Limit) Max() int { return limits[l].max }

// SizeError reports that documents are longer than a limit.
type SizeError struct {
	Limit  Limit // that is exceeded
	Actual int   // characters, counted as the limit counts
}

// Error returns the limit and by how much it is exceeded.
func (e *SizeError) Error() string {
	return fmt.Sprintf("%s may hold %d characters, not %d", limits[e.Limit].name, e.Limit.Max(), e.Actual)
}

// Size counts the characters of documents as the limit does.
func Size(limit Limit, documents ...[]byte) int {
	n := 0
	for _, src := range documents {
		n += utf8.RuneCount(src)
		if limit == SessionPolicy {
			continue
		}
		for _, c := range src {
			if c == ' ' || c == '\t' || c == '\n' || c == '\r' {
				n--
			}
		}
	}
	return n
}

// CheckSize returns a *SizeError if the documents together exceed the limit.
func CheckSize(limit Limit, documents ...[]byte) error {
	if n := Size(limit, documents...); n > limit.Max() {
		return &SizeError{limit, n}
	}
	return nil
}
