package addresses

import (
	"slices"
	"strings"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
)

func is(attribute string) bool { return attribute == "email" || attribute == "phone_number" }

var errOther = fault.New(fault.InvalidParameter, "Invalid attribute name. Only phone_number and email can be verified.")

// MayGetCode returns fault.InvalidParameter unless the attribute is an address that the user has, so that a code can go to it.
func MayGetCode(attrs map[string]string, attribute string) error {
	switch {
	case !is(attribute):
		return errOther
	case attrs[attribute] == "":
		return fault.New(fault.InvalidParameter, "User does not have a valid registered %s", strings.ReplaceAll(attribute, "_", " "))
	}
	return nil
}

// MayGiveCode returns fault.InvalidParameter unless the attribute is an address that the user has, or one that may wait for a code.
func MayGiveCode(p *userpool.Pool, attrs map[string]string, attribute string) error {
	switch {
	case !is(attribute):
		return errOther
	case attrs[attribute] == "" && !slices.Contains(p.Pending, attribute):
		return fault.New(fault.InvalidParameter, "Unable to verify attribute: %s no value set to verify", attribute)
	}
	return nil
}

// InviteTo returns the attributes to which AdminCreateUser sends an invitation: the address for each of DesiredDeliveryMediums, which
// the user must have, or, without mediums, the phone number or else the e-mail address. action is the MessageAction.
func InviteTo(attrs map[string]string, action string, mediums []string) (to []string, err error) {
	if action == "SUPPRESS" {
		return nil, nil
	}
	for _, m := range []struct{ medium, attribute, missing string }{
		{"SMS", "phone_number", "No phone number provided but desired delivery medium was SMS"},
		{"EMAIL", "email", "No email provided but desired delivery medium was Email"},
	} {
		has, named := attrs[m.attribute] != "", slices.Contains(mediums, m.medium)
		switch {
		case named && !has:
			return nil, fault.New(fault.InvalidParameter, "%s", m.missing)
		case named, has && len(mediums) == 0 && len(to) == 0:
			to = append(to, m.attribute)
		}
	}
	return to, nil
}

// CheckMarks returns fault.InvalidParameter if an address that the user does not have is marked as verified.
func CheckMarks(attrs map[string]string) error {
	for _, m := range []struct{ attribute, text string }{
		{"email", "Email is required to verify/un-verify an email"},
		{"phone_number", "Phone Number is required to verify/un-verify a phone number"},
	} {
		if attrs[m.attribute] == "" && attrs[m.attribute+"_verified"] == "true" {
			return fault.New(fault.InvalidParameter, "%s", m.text)
		}
	}
	return nil
}

// WantCodes returns the addresses among attrs that change and that get a code: those that the pool verifies, or that wait for
// verification.
func WantCodes(p *userpool.Pool, u *store.User, attrs []userpool.Attribute) (names []string) {
	for _, a := range attrs {
		if a.Value != "" && a.Value != u.Attributes[a.Name] && is(a.Name) &&
			(slices.Contains(p.Pending, a.Name) || slices.Contains(p.Settings.AutoVerifiedAttributes, a.Name)) {
			names = append(names, a.Name)
		}
	}
	return names
}

// SplitPending separates those of the addresses in late that must be verified before they are written. Their marks are left out.
func SplitPending(p *userpool.Pool, u *store.User, attrs []userpool.Attribute, late []string) (now, later []userpool.Attribute) {
	for _, a := range attrs {
		if slices.Contains(late, a.Name) && slices.Contains(p.Pending, a.Name) && a.Value != "" && a.Value != u.Attributes[a.Name] {
			later = append(later, a)
		} else {
			now = append(now, a)
		}
	}
	return slices.DeleteFunc(now, func(mark userpool.Attribute) bool { // it is about the new address
		return slices.ContainsFunc(later, func(a userpool.Attribute) bool { return mark.Name == a.Name+"_verified" })
	}), later
}
