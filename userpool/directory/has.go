package directory

import (
	"slices"

	"github.com/sluicegate/sluice/userpool"
)

// HasPassword reports whether the subject has a password. A stand-in has one, as most users do.
func HasPassword(subject *Subject) bool {
	return !subject.Exists || subject.User.Password.Hash != ""
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
	sum := s.standInSum(p, subject.Name, "has "+attribute)
	return sum[0]&1 == 1
}
