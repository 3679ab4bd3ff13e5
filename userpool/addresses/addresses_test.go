package addresses_test

import (
	"slices"
	"testing"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/addresses"
)

func wantText(t *testing.T, name string, err error, want string) {
	t.Helper()
	text := ""
	if err != nil {
		text, _ = fault.Message(err)
	}
	if text != want || err != nil && !fault.Is(err, fault.InvalidParameter) {
		t.Errorf("%s: %v, not %q", name, err, want)
	}
}

func TestCodesAreForAddressesThatTheUserHas(t *testing.T) {
	const other = "Invalid attribute name. Only phone_number and email can be verified."
	plain, pending := &userpool.Pool{}, &userpool.Pool{Pending: []string{"email"}}
	have := map[string]string{"email": "a@example.com", "nickname": "al"}
	for name, tc := range map[string]struct {
		pool      *userpool.Pool
		attrs     map[string]string
		attribute string
		get, give string
	}{
		"an address":               {plain, have, "email", "", ""},
		"another attribute":        {plain, have, "nickname", other, other},
		"an unknown attribute":     {plain, have, "custom:x", other, other},
		"no phone number":          {plain, have, "phone_number", "User does not have a valid registered phone number", "Unable to verify attribute: phone_number no value set to verify"},
		"no e-mail address":        {plain, nil, "email", "User does not have a valid registered email", "Unable to verify attribute: email no value set to verify"},
		"a first one that waits":   {pending, nil, "email", "User does not have a valid registered email", ""},
		"one that does not, there": {pending, nil, "phone_number", "User does not have a valid registered phone number", "Unable to verify attribute: phone_number no value set to verify"},
	} {
		wantText(t, name+", asked", addresses.MayGetCode(tc.attrs, tc.attribute), tc.get)
		wantText(t, name+", given", addresses.MayGiveCode(tc.pool, tc.attrs, tc.attribute), tc.give)
	}
}

func TestInvitations(t *testing.T) {
	mail, phone := map[string]string{"email": "a@example.com"}, map[string]string{"phone_number": "+15550100"}
	both := map[string]string{"email": "a@example.com", "phone_number": "+15550100"}
	for name, tc := range map[string]struct {
		attrs   map[string]string
		action  string
		mediums []string
		want    []string
		text    string
	}{
		"a phone by default":           {both, "", nil, []string{"phone_number"}, ""},
		"mail without a phone":         {mail, "RESEND", []string{}, []string{"email"}, ""},
		"no address":                   {nil, "", nil, nil, ""},
		"both":                         {both, "", []string{"EMAIL", "SMS"}, []string{"phone_number", "email"}, ""},
		"a medium without its address": {phone, "", []string{"SMS", "EMAIL"}, nil, "No email provided but desired delivery medium was Email"},
		"SMS without a phone":          {mail, "RESEND", []string{"SMS"}, nil, "No phone number provided but desired delivery medium was SMS"},
		"none":                         {nil, "SUPPRESS", []string{"EMAIL"}, nil, ""},
	} {
		got, err := addresses.InviteTo(tc.attrs, tc.action, tc.mediums)
		wantText(t, name, err, tc.text)
		if !slices.Equal(got, tc.want) {
			t.Errorf("%s: %v, not %v", name, got, tc.want)
		}
	}
}

func TestAMarkNeedsItsAddress(t *testing.T) {
	const mail, phone = "Email is required to verify/un-verify an email", "Phone Number is required to verify/un-verify a phone number"
	for name, tc := range map[string]struct {
		attrs map[string]string
		text  string
	}{
		"with it":   {map[string]string{"email": "a@example.com", "email_verified": "true"}, ""},
		"none":      {map[string]string{}, ""},
		"not set":   {map[string]string{"email_verified": "false"}, ""},
		"mail":      {map[string]string{"email_verified": "true", "phone_number": "+15550100"}, mail},
		"telephone": {map[string]string{"phone_number_verified": "true"}, phone},
	} {
		wantText(t, name, addresses.CheckMarks(tc.attrs), tc.text)
	}
}
