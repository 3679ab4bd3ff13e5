package directory

import (
	"slices"

	"github.com/sluicegate/sluice/userpool"
)

// HasPassword reports whether the subject has a password. Of the stand-ins that can sign in by a code, a quarter has none.
func (s *Service) HasPassword(p *userpool.Pool, subject *Subject) bool {
	switch {
	case subject.Exists:
		return subject.User.Password.Hash != ""
	case s.standInSum(p, subject.Name, "has a password")[0]&3 != 0:
		return true
	}
	for _, attribute := range []string{"email", "phone_number"} {
		if p.AllowsFirst(userpool.OTPFactor(attribute)) && s.HasAddress(p, subject, attribute) {
			return false
		}
	}
	return true
}

// SeemsToHaveMFA reports whether a stand-in of a pool with optional MFA is among the quarter that looks like users who turned
// MFA on.
func (s *Service) SeemsToHaveMFA(p *userpool.Pool, subject *Subject) bool {
	return !subject.Exists && p.MFA.Optional && s.HasPassword(p, subject) && s.standInSum(p, subject.Name, "has MFA")[0]&3 == 0
}

// HasAddress reports whether codes can go to the subject's attribute, email or phone_number. A stand-in has the address if
// its name is one, if the pool requires or verifies the attribute, and otherwise half of the names have it.
func (s *Service) HasAddress(p *userpool.Pool, subject *Subject, attribute string) bool {
	if subject.Exists {
		return subject.User.Attributes[attribute] != ""
	}
	schema := p.Schema[attribute]
	if p.AddressKind(subject.Name) == attribute || (schema != nil && schema.IsRequired()) || slices.Contains(p.Settings.AutoVerifiedAttributes, attribute) {
		return true
	}
	return s.standInSum(p, subject.Name, "has "+attribute)[0]&1 == 1
}
