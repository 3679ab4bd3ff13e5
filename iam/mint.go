package iam

import (
	"regexp"
	"time"

	"github.com/sluicegate/sluice/authz/policy"
	"github.com/sluicegate/sluice/credentials/session"
	"github.com/sluicegate/sluice/fault"
)

// Limits: STS API reference, AssumeRole.
const (
	minDuration     = 15 * time.Minute
	maxDuration     = 12 * time.Hour
	defaultDuration = time.Hour
	chainedDuration = time.Hour
	packedBytes     = 4096 // the limit on a session's packed policies and tags; AWS does not document its own
)

var sessionNamePattern = regexp.MustCompile(`\A[\w+=,.@-]{2,64}\z`)

// mint fills in what every session has and returns its credentials. All sessions are minted here.
func (s *Service) mint(r session.Record, duration time.Duration) (session.Credentials, error) {
	r.Account = s.account
	r.IssuedAt = s.dated().Truncate(time.Second)
	r.ExpiresAt = r.IssuedAt.Add(duration)
	return s.minter.Mint(&r)
}

// assumed mints a role session and returns it with the names that STS answers with. The record has the session tags; those of the role are
// added to them, and do not count towards the packed size. Errors: PackedPolicyTooLarge.
func (s *Service) assumed(to *role, r session.Record, duration time.Duration) (Assumed, error) {
	packed, err := checkPacked(&r)
	if err != nil {
		return Assumed{}, err
	}
	r.RoleARN, r.RoleID, r.PrincipalTags = to.arn, to.record.ID, mergeTags(to.record.Tags, r.PrincipalTags)
	credentials, err := s.mint(r, duration)
	if err != nil {
		return Assumed{}, err
	}
	return Assumed{
		Credentials:      credentials,
		ARN:              s.sessionARN(to.record.Name, r.SessionName),
		ID:               r.RoleID + ":" + r.SessionName,
		PackedPolicySize: packed,
		SourceIdentity:   r.SourceIdentity,
	}, nil
}

// duration checks the duration: STS API reference, AssumeRole, DurationSeconds.
func (r *role) duration(asked time.Duration, chained bool) (time.Duration, error) {
	longest := max(time.Duration(r.record.MaxSession)*time.Second, time.Hour)
	switch {
	case asked == 0:
		return defaultDuration, nil
	case asked < minDuration:
		return 0, fault.New(fault.Validation, "1 validation error detected: Value '%d' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900", int(asked.Seconds()))
	case chained && asked > chainedDuration:
		return 0, fault.New(fault.Validation, "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.")
	case asked > longest || asked > maxDuration:
		return 0, fault.New(fault.Validation, "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
	}
	return asked, nil
}

// checkLimits refuses session policies that do not parse, do not exist or are too long, so that every session that is minted has
// exactly the permissions that its policies describe.
func (s *Service) checkLimits(l SessionLimits) error {
	if len(l.PolicyARNs) > policy.MaxSessionManagedPolicies {
		return fault.New(fault.Validation, "1 validation error detected: Value at 'policyArns' failed to satisfy constraint: Member must have length less than or equal to 10")
	}
	size, most := policy.Size(policy.SessionPolicy, []byte(l.Policy)), policy.SessionPolicy.Max() // of the managed ones, their ARNs
	for _, arn := range l.PolicyARNs {
		if s.document(arn) == nil {
			return fault.New(fault.MalformedPolicy, "The policy %s does not exist or is not attachable.", arn)
		}
		size += len(arn)
	}
	if size > most {
		return fault.New(fault.PackedPolicyTooLarge, "Packed policy consumes %d%% of allotted space, please use smaller policy.", percent(size, most))
	}
	if l.Policy == "" {
		return nil
	}
	if _, err := policy.Parse([]byte(l.Policy), policy.Identity); err != nil {
		return fault.Wrap(fault.MalformedPolicy, err, "%s", err.Error())
	}
	return nil
}

// limit adds the session policies to the record.
func limit(r *session.Record, l SessionLimits) {
	if l.Policy != "" {
		r.SessionPolicies = []string{l.Policy}
	}
	r.PolicyARNs = append(r.PolicyARNs, l.PolicyARNs...)
}

// packedPercent returns the percentage of packedBytes that the session's policies and tags take, rounded up.
func packedPercent(r *session.Record) int {
	size := 0
	for _, text := range r.SessionPolicies {
		size += len(text)
	}
	for _, arn := range r.PolicyARNs {
		size += len(arn)
	}
	for _, tag := range r.PrincipalTags {
		size += len(tag.Key) + len(tag.Value)
	}
	return percent(size, packedBytes)
}

// checkPacked returns packedPercent, and refuses a session whose policies and tags take more than packedBytes.
func checkPacked(r *session.Record) (used int, err error) {
	if used = packedPercent(r); used > 100 {
		return used, fault.New(fault.PackedPolicyTooLarge, "Packed size of session tags consumes %d%% of allotted space.", used)
	}
	return used, nil
}

func percent(part, whole int) int { return (part*100 + whole - 1) / whole }

// checkSessionName checks a session name: STS API reference, AssumeRole, RoleSessionName.
func checkSessionName(name string) error {
	if sessionNamePattern.MatchString(name) {
		return nil
	}
	return fault.New(fault.Validation, "1 validation error detected: Value '%s' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]*", name)
}
