package directory_test

import (
	"encoding/json"
	"testing"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/directory"
	"github.com/sluicegate/sluice/userpool/factors"
)

const noAddress = "Cannot reset password for the user as there is no registered/verified email or phone_number"

// mfaPool is a pool in which codes of MFA go by SMS and e-mail, and reset codes to the mechanisms, best first.
func mfaPool(h *harness, mfa string, mechanisms ...string) *userpool.PoolDescription {
	h.T.Helper()
	r := &userpool.RecoverySetting{}
	for i, m := range mechanisms {
		r.RecoveryMechanisms = append(r.RecoveryMechanisms, userpool.RecoveryMechanism{Name: m, Priority: i + 1})
	}
	p := h.Pool(userpool.PoolSettings{AccountRecoverySetting: r})
	if _, err := h.Pools.SetUserPoolMfaConfig(h.T.Context(), p.ID, userpool.MFAChange{Configuration: mfa, Email: &userpool.EmailMFAConfig{},
		SMS: &userpool.SMSMFAConfig{Configuration: json.RawMessage(`{"SnsCallerArn": "arn:aws:iam::123456789012:role/sms"}`)}}); err != nil {
		h.T.Fatal(err)
	}
	return p
}

// AWS: a reset code goes to the verified address of the highest priority that does not get the user's MFA codes.
func TestAResetCodeGoesToAnAddressThatGetsNoMFACodes(t *testing.T) {
	h := newHarness(t)
	const mail, phone = "verified_email", "verified_phone_number"
	on := &factors.Setting{Enabled: true}
	both := []userpool.Attribute{attr("email", "a@example.com"), attr("email_verified", "true"), attr("phone_number", "+15550001111"), attr("phone_number_verified", "true")}
	for name, tc := range map[string]struct {
		mfa        string
		mechanisms []string
		attrs      []userpool.Attribute
		given      factors.Preference
		want       string // attribute; "" for none
	}{
		"nothing turned on":                 {"OPTIONAL", []string{phone, mail}, both, factors.Preference{}, "phone_number"},
		"SMS turned on":                     {"OPTIONAL", []string{phone, mail}, both, factors.Preference{SMS: on}, "email"},
		"e-mail turned on":                  {"OPTIONAL", []string{mail, phone}, both, factors.Preference{Email: on}, "phone_number"},
		"both turned on":                    {"OPTIONAL", []string{mail, phone}, both, factors.Preference{Email: on, SMS: on}, ""},
		"SMS turned on, the only mechanism": {"OPTIONAL", []string{phone}, both, factors.Preference{SMS: on}, ""},
		"SMS turned on, e-mail not verified": {"OPTIONAL", []string{phone, mail}, append([]userpool.Attribute{attr("email", "b@example.com")}, both[2:]...),
			factors.Preference{SMS: on}, ""},
		"required, and nothing turned on":         {"ON", []string{mail, phone}, both, factors.Preference{}, "email"},
		"required, and the first is not verified": {"ON", []string{mail, phone}, both[2:], factors.Preference{}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			p := mfaPool(h, tc.mfa, tc.mechanisms...)
			s := allFlows
			s.PreventUserExistenceErrors = "LEGACY"
			c := h.Client(p.ID, s)
			h.User(p.ID, "alice", tc.attrs...)
			if err := h.Factors.AdminSetUserMFAPreference(t.Context(), p.ID, "alice", tc.given); err != nil {
				t.Fatal(err)
			}
			d, err := h.Users.ForgotPassword(t.Context(), directory.CodeRequest{ClientID: c.ID, Username: "alice"})
			reset := h.Users.AdminResetUserPassword(t.Context(), directory.AdminReset{PoolID: p.ID, Username: "alice"})
			if tc.want == "" {
				wantFault(t, err, fault.InvalidParameter, noAddress)
				wantFault(t, reset, fault.InvalidParameter, noAddress)
				return
			}
			if err != nil || d.Attribute != tc.want || reset != nil {
				t.Fatalf("%+v, %v, %v, want %s", d, err, reset, tc.want)
			}
			if err := h.Users.ConfirmForgotPassword(t.Context(), directory.ForgotInput{ClientID: c.ID, Username: "alice", Code: h.Code(), Password: "Another-horse-8"}); err != nil {
				t.Error(err)
			}
		})
	}
}

// Threat: an attacker who reads the user's MFA codes also resets the password, with a code that was sent before.
func TestAResetCodeEndsWhenItsAddressGetsMFACodes(t *testing.T) {
	h := newHarness(t)
	p := mfaPool(h, "OPTIONAL", "verified_phone_number", "verified_email")
	c := h.Client(p.ID, allFlows)
	h.User(p.ID, "alice", attr("email", "a@example.com"), attr("email_verified", "true"), attr("phone_number", "+15550001111"), attr("phone_number_verified", "true"))
	if _, err := h.Users.ForgotPassword(t.Context(), directory.CodeRequest{ClientID: c.ID, Username: "alice"}); err != nil {
		t.Fatal(err)
	}
	code := h.Code()
	if err := h.Factors.AdminSetUserMFAPreference(t.Context(), p.ID, "alice", factors.Preference{SMS: &factors.Setting{Enabled: true}}); err != nil {
		t.Fatal(err)
	}
	wantFault(t, h.Users.ConfirmForgotPassword(t.Context(), directory.ForgotInput{ClientID: c.ID, Username: "alice", Code: code, Password: "Another-horse-8"}),
		fault.ExpiredCode, "*")
}

// Threat: the answer reveals that a user exists whose only address gets the MFA codes.
func TestAUserWhomNoResetCodeReachesLooksLikeNobody(t *testing.T) {
	h := newHarness(t)
	p := mfaPool(h, "OPTIONAL", "verified_phone_number")
	c := h.Client(p.ID, allFlows)
	h.User(p.ID, "alice", attr("phone_number", "+15550001111"), attr("phone_number_verified", "true"))
	if err := h.Factors.AdminSetUserMFAPreference(t.Context(), p.ID, "alice", factors.Preference{SMS: &factors.Setting{Enabled: true}}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"alice", "nobody"} {
		d, err := h.Users.ForgotPassword(t.Context(), directory.CodeRequest{ClientID: c.ID, Username: name})
		if err != nil || d.Attribute != "phone_number" {
			t.Errorf("%s: %+v, %v", name, d, err)
		}
		wantFault(t, h.Users.ConfirmForgotPassword(t.Context(), directory.ForgotInput{ClientID: c.ID, Username: name, Code: "123456", Password: "Another-horse-8"}),
			fault.CodeMismatch, "*")
	}
}
