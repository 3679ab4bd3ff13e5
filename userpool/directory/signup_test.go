package directory_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/directory"
	"github.com/sluicegate/sluice/userpool/idp"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

func TestSignUpToSignIn(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{AutoVerifiedAttributes: []string{"email"}, AliasAttributes: []string{"email"}})
	c := h.Client(p.ID, allFlows)
	ctx := t.Context()
	out, err := h.SignUp(c.ID, "alice", attr("email", "alice@example.com"))
	if err != nil || out.Confirmed || *out.Delivery != (directory.Delivery{Destination: "a***@e***", Medium: "EMAIL", Attribute: "email"}) {
		t.Fatal(out, err)
	}
	if m := h.Mails()[0]; m.To != "alice@example.com" || m.Subject != "Your verification code" || m.Purpose != "signup" {
		t.Error(m)
	}
	first := h.Code()
	if _, err := h.Users.ResendConfirmationCode(ctx, directory.CodeRequest{ClientID: c.ID, Username: "alice"}); err != nil {
		t.Fatal(err)
	}
	second := h.Code()
	confirm := func(code string) error {
		return h.ConfirmSignUp(directory.ConfirmInput{ClientID: c.ID, Username: "alice", Code: code})
	}
	if first != second {
		wantFault(t, confirm(first), fault.CodeMismatch, "Invalid verification code provided, please try again.")
	}
	wantFault(t, confirm(userpooltest.WrongCode(second)), fault.CodeMismatch, "Invalid verification code provided, please try again.")
	if err := confirm(second); err != nil {
		t.Fatal(err)
	}
	wantFault(t, confirm(second), fault.NotAuthorized, "User cannot be confirmed. Current status is CONFIRMED")
	if h.Attribute(p.ID, "alice", "email_verified") != "true" {
		t.Error("the address is not verified after its code was used")
	}
	h.MustSignIn(c.ID, "alice@example.com") // the alias is in force
	if _, err := h.SRPSignIn(p.ID, c.ID, "alice@example.com", password); err != nil {
		t.Error("SRP by alias:", err)
	}
}

func TestCodesAreBounded(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{AutoVerifiedAttributes: []string{"email"}})
	c := h.Client(p.ID, allFlows)
	ctx := t.Context()
	confirm := func(name, code string) error {
		return h.ConfirmSignUp(directory.ConfirmInput{ClientID: c.ID, Username: name, Code: code})
	}
	t.Run("five wrong tries void a code, even with a restart between them", func(t *testing.T) {
		if _, err := h.SignUp(c.ID, "alice", attr("email", "a@example.com")); err != nil {
			t.Fatal(err)
		}
		code := h.Code()
		for range 5 {
			wantFault(t, confirm("alice", userpooltest.WrongCode(code)), fault.CodeMismatch, "*")
			h.Restart()
		}
		wantFault(t, confirm("alice", code), fault.ExpiredCode, "Invalid code provided, please request a code again.")
	})
	t.Run("a code expires after a day", func(t *testing.T) {
		if _, err := h.SignUp(c.ID, "bob", attr("email", "b@example.com")); err != nil {
			t.Fatal(err)
		}
		code := h.Code()
		h.Clock.Forward(24 * time.Hour)
		wantFault(t, confirm("bob", code), fault.ExpiredCode, "Invalid code provided, please request a code again.")
	})
	t.Run("asking again is limited", func(t *testing.T) {
		for range 5 {
			if _, err := h.Users.ResendConfirmationCode(ctx, directory.CodeRequest{ClientID: c.ID, Username: "bob"}); err != nil {
				t.Fatal(err)
			}
		}
		_, err := h.Users.ResendConfirmationCode(ctx, directory.CodeRequest{ClientID: c.ID, Username: "bob"})
		wantFault(t, err, fault.LimitExceeded, "Attempt limit exceeded, please try after some time.")
		h.Clock.Forward(time.Hour)
		if _, err := h.Users.ResendConfirmationCode(ctx, directory.CodeRequest{ClientID: c.ID, Username: "bob"}); err != nil {
			t.Error(err)
		}
	})
	t.Run("trying is limited", func(t *testing.T) {
		for range 15 {
			if err := confirm("bob", "nope"); fault.Is(err, fault.LimitExceeded) {
				t.Fatal(err)
			}
		}
		wantFault(t, confirm("bob", "nope"), fault.LimitExceeded, "Attempt limit exceeded, please try after some time.")
	})
	t.Run("a code of one user is wrong for another", func(t *testing.T) {
		for _, n := range []string{"carol", "dave"} {
			if _, err := h.SignUp(c.ID, n, attr("email", n+"@example.com")); err != nil {
				t.Fatal(err)
			}
		}
		if err := confirm("carol", h.Code()); err == nil {
			t.Error("dave's code confirmed carol")
		}
	})
}

func TestSignUpIsClosedWhereOnlyAdministratorsCreateUsers(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{AdminCreateUserConfig: &userpool.AdminCreateConfig{AllowAdminCreateUserOnly: true}})
	c := h.Client(p.ID, allFlows)
	_, err := h.SignUp(c.ID, "alice")
	wantFault(t, err, fault.NotAuthorized, "SignUp is not permitted for this user pool")
}

func TestAFailedDeliveryIsAnErrorAndKeepsTheUser(t *testing.T) {
	h := newHarness(t, func(o *idp.Options) { o.Sender = userpooltest.BrokenSender{} })
	p := h.Pool(userpool.PoolSettings{AutoVerifiedAttributes: []string{"email"}})
	c := h.Client(p.ID, allFlows)
	_, err := h.SignUp(c.ID, "alice", attr("email", "a@example.com"))
	wantFault(t, err, fault.CodeDeliveryFailure, "*")
	if _, err := h.Users.AdminGetUser(t.Context(), p.ID, "alice"); err != nil {
		t.Error("the user was not created:", err)
	}
}

func TestNamesFoldCaseWhereThePoolSaysSo(t *testing.T) {
	h := newHarness(t)
	folded := h.Pool(userpool.PoolSettings{UsernameConfiguration: &userpool.UsernameConfig{CaseSensitive: false}})
	exact := h.Pool(userpool.PoolSettings{})
	fc, ec := h.Client(folded.ID, allFlows), h.Client(exact.ID, allFlows)
	for _, p := range []string{folded.ID, exact.ID} {
		h.User(p, "Alice")
	}
	h.MustSignIn(fc.ID, "aLICE")
	_, err := h.SignUp(fc.ID, "ALICE")
	wantFault(t, err, fault.UsernameExists, "User already exists")
	_, err = h.SignIn(ec.ID, "aLICE", password)
	wantFault(t, err, fault.NotAuthorized, wrong)
	if _, err := h.SignUp(ec.ID, "ALICE"); err != nil {
		t.Error(err)
	}
}

// AWS stores the lower-case name (amplify-android, AWSCognitoAuthPluginTOTPTests), as with names of identity providers. So
// USER_ID_FOR_SRP has one form, whether a user exists or not.
func TestAPoolThatFoldsCaseStoresNamesInLowerCase(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{UsernameConfiguration: &userpool.UsernameConfig{CaseSensitive: false}})
	c := h.Client(p.ID, allFlows)
	made, err := h.Users.AdminCreateUser(t.Context(), directory.AdminCreateInput{PoolID: p.ID, Username: "Admin.Made", Action: "SUPPRESS"})
	if err != nil || made.Username != "admin.made" {
		t.Error(made, err)
	}
	if _, err := h.SignUp(c.ID, "Signed.Up"); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Users.EnsureUser(t.Context(), directory.DeclaredUser{PoolID: p.ID, Username: "Declared", Password: password}); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Users.EnsureUser(t.Context(), directory.DeclaredUser{PoolID: p.ID, Username: "Declared", Password: password}); err != nil {
		t.Errorf("declared again: %v", err)
	}
	for _, name := range []string{"Signed.Up", "Declared"} {
		if u, err := h.Users.AdminGetUser(t.Context(), p.ID, name); err != nil || u.Username != strings.ToLower(name) {
			t.Error(u, err)
		}
	}
	if err := h.Users.AdminConfirmSignUp(t.Context(), directory.AdminConfirm{PoolID: p.ID, Username: "signed.up"}); err != nil {
		t.Fatal(err)
	}
	out, err := h.SRPSignIn(p.ID, c.ID, "SIGNED.Up", password)
	if err != nil || out.Tokens == nil || claims(t, out.Tokens.AccessToken)["username"] != "signed.up" {
		t.Error(out, err)
	}
}

func TestInvitations(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{AdminCreateUserConfig: &userpool.AdminCreateConfig{InviteMessageTemplate: &userpool.InviteTemplate{
		EmailSubject: "Welcome", EmailMessage: "<b>{username}</b>: {####}"}}})
	c := h.Client(p.ID, allFlows)
	if _, err := h.Users.AdminCreateUser(t.Context(), directory.AdminCreateInput{PoolID: p.ID, Username: "a<b>", Attributes: []userpool.Attribute{attr("email", "a@example.com")}}); err != nil {
		t.Fatal(err)
	}
	m := h.Mails()[0]
	if m.Subject != "Welcome" || !strings.HasPrefix(m.Body, "<b>a&lt;b&gt;</b>: ") || m.Purpose != "invitation" {
		t.Error(m)
	}
	if _, err := h.Users.AdminCreateUser(t.Context(), directory.AdminCreateInput{PoolID: p.ID, Username: "a<b>", Action: "RESEND"}); err != nil {
		t.Fatal(err)
	}
	if len(h.Mails()) != 2 {
		t.Error("no second invitation")
	}
	if _, err := h.Users.AdminCreateUser(t.Context(), directory.AdminCreateInput{PoolID: p.ID, Username: "quiet", Action: "SUPPRESS", Attributes: []userpool.Attribute{attr("email", "q@example.com")}}); err != nil || len(h.Mails()) != 2 {
		t.Error("SUPPRESS sends nothing", err)
	}
	u, err := h.Users.AdminCreateUser(t.Context(), directory.AdminCreateInput{PoolID: p.ID, Username: "bare"})
	if err != nil || u.Status != "FORCE_CHANGE_PASSWORD" || !u.Enabled || !u.CreatedAt.Equal(u.ModifiedAt) {
		t.Error(u, err)
	}
	_ = c
}

// AWS: "You can specify more than one value."
func TestAnInvitationGoesToEveryMediumThatIsNamed(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{})
	both := []userpool.Attribute{attr("email", "a@example.com"), attr("phone_number", "+15550100")}
	invite := func(name string, in directory.AdminCreateInput) (to []string, err error) {
		in.PoolID, in.Username = p.ID, name
		before := len(h.Mails())
		_, err = h.Users.AdminCreateUser(t.Context(), in)
		for _, m := range h.Mails()[before:] {
			to = append(to, m.To)
		}
		return to, err
	}
	for name, tc := range map[string]struct {
		mediums []string
		want    []string
	}{
		"both":    {[]string{"EMAIL", "SMS"}, []string{"+15550100", "a@example.com"}},
		"mail":    {[]string{"EMAIL"}, []string{"a@example.com"}},
		"unnamed": {nil, []string{"+15550100"}},
	} {
		if to, err := invite(name, directory.AdminCreateInput{Mediums: tc.mediums, Attributes: both}); err != nil || !slices.Equal(to, tc.want) {
			t.Errorf("%s: %v %v", name, to, err)
		}
	}
	const noMail = "No email provided but desired delivery medium was Email"
	phone := directory.AdminCreateInput{Mediums: []string{"SMS", "EMAIL"}, Attributes: both[1:]}
	to, err := invite("phone", phone)
	wantFault(t, err, fault.InvalidParameter, noMail)
	phone.Action = "SUPPRESS"
	if _, err := invite("phone", phone); err != nil || to != nil {
		t.Error("the refused call made a user or sent a message", to, err)
	}
	phone.Action = "RESEND"
	_, err = invite("phone", phone)
	wantFault(t, err, fault.InvalidParameter, noMail)
	_, err = invite("marked", directory.AdminCreateInput{Attributes: []userpool.Attribute{attr("phone_number_verified", "True")}})
	wantFault(t, err, fault.InvalidParameter, "Phone Number is required to verify/un-verify a phone number")
}

// Source: jagregory/cognito-local#386, compared with AWS.
func TestAddressesOfASignUpAreMarkedAsNotVerified(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{AutoVerifiedAttributes: []string{"email"}})
	c := h.Client(p.ID, allFlows)
	for name, attrs := range map[string][]userpool.Attribute{"nobody": nil, "mail": {attr("email", "m@example.com")},
		"both": {attr("email", "b@example.com"), attr("phone_number", "+15550100")}} {
		if _, err := h.SignUp(c.ID, name, attrs...); err != nil {
			t.Fatal(name, err)
		}
		for _, kind := range []string{"email", "phone_number"} {
			want := ""
			if h.Attribute(p.ID, name, kind) != "" {
				want = "false"
			}
			if got := h.Attribute(p.ID, name, kind+"_verified"); got != want {
				t.Errorf("%s_verified of %s is %q, not %q", kind, name, got, want)
			}
		}
	}
}
