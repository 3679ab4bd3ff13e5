package directory_test

import (
	"html"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/directory"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

// linkPool returns a pool that confirms sign-ups by link, and its client, which has a secret.
func linkPool(h *userpooltest.Harness, template userpool.VerificationTemplate) (poolID string, client *userpool.ClientDescription) {
	template.DefaultEmailOption = "CONFIRM_WITH_LINK"
	p := h.Pool(userpool.PoolSettings{AutoVerifiedAttributes: []string{"email"}, VerificationMessageTemplate: &template})
	return p.ID, h.Client(p.ID, allFlows)
}

var href = regexp.MustCompile(`<a href="([^"]*)">([^<]*)</a>`)

// lastLink returns the link in the last message, its text, and what its parameters say.
func lastLink(t *testing.T, h *userpooltest.Harness) (text string, link *url.URL, in directory.ConfirmInput) {
	t.Helper()
	mails := h.Mails()
	body := mails[len(mails)-1].Body
	found := href.FindStringSubmatch(body)
	if found == nil {
		t.Fatalf("no link in %q", body)
	}
	link, err := url.Parse(html.UnescapeString(found[1]))
	if err != nil {
		t.Fatal(err)
	}
	q := link.Query()
	return found[2], link, directory.ConfirmInput{ClientID: q.Get("client_id"), Username: q.Get("user_name"), Code: q.Get("confirmation_code")}
}

func TestALinkConfirmsASignUpAndStaysGoodForItsReader(t *testing.T) {
	h := newHarness(t)
	poolID, c := linkPool(h, userpool.VerificationTemplate{EmailMessageByLink: "<b>Hi</b> {##Confirm me##}", EmailSubjectByLink: "Welcome"})
	ctx := t.Context()
	if _, err := h.SignUp(c.ID, "a&b+c", attr("email", "alice@example.com")); err != nil {
		t.Fatal(err)
	}
	if m := h.Mails()[0]; m.Subject != "Welcome" || !strings.HasPrefix(m.Body, "<b>Hi</b> ") {
		t.Error(m)
	}
	text, link, in := lastLink(t, h)
	if text != "Confirm me" || !strings.HasPrefix(link.String(), "http://localhost:8080/"+poolID+"/confirmUser/?client_id=") {
		t.Error(text, link)
	}
	if in.ClientID != c.ID || in.Username != "a&b+c" {
		t.Errorf("%+v", in)
	}
	wrong := in
	wrong.Code = userpooltest.WrongCode(in.Code)
	wantFault(t, h.Users.ConfirmLink(ctx, poolID, wrong), fault.ExpiredCode, badLink)
	for range 3 { // a scanner, the reader, and the reader again
		if err := h.Users.ConfirmLink(ctx, poolID, in); err != nil {
			t.Fatal(err)
		}
	}
	if h.Attribute(poolID, "a&b+c", "email_verified") != "true" {
		t.Error("the address is not verified")
	}
	h.MustSignIn(c.ID, "a&b+c")
	wantFault(t, h.Users.ConfirmLink(ctx, poolID, wrong), fault.ExpiredCode, badLink)
	h.Clock.Forward(24 * time.Hour)
	wantFault(t, h.Users.ConfirmLink(ctx, poolID, in), fault.ExpiredCode, badLink)
}

// badLink is the answer to a link whose code is wrong, used or expired, or whose user does not exist.
const badLink = "Invalid code provided, please request a code again."

func TestAWrongLinkDoesNotRevealUsers(t *testing.T) {
	h := newHarness(t)
	poolID, hides := linkPool(h, userpool.VerificationTemplate{})
	for _, name := range []string{"pending", "confirmed"} {
		if _, err := h.SignUp(hides.ID, name, attr("email", name+"@example.com")); err != nil {
			t.Fatal(err)
		}
	}
	_, _, in := lastLink(t, h)
	if err := h.Users.ConfirmLink(t.Context(), poolID, in); err != nil {
		t.Fatal(err)
	}
	in.Code = userpooltest.WrongCode(in.Code)
	open := func(client, name string) error {
		in.ClientID, in.Username = client, name
		return h.Users.ConfirmLink(t.Context(), poolID, in)
	}
	for try := range 30 { // beyond the limits
		_, want := fault.Message(open(hides.ID, "nobody"))
		wanted := open(hides.ID, "nobody")
		_ = open(hides.ID, "pending")
		_ = open(hides.ID, "confirmed")
		for _, name := range []string{"pending", "confirmed"} {
			if err := open(hides.ID, name); !want || err == nil || err.Error() != wanted.Error() {
				t.Errorf("try %d: %s: %v, nobody: %v", try, name, err, wanted)
			}
		}
	}
	s := allFlows
	s.PreventUserExistenceErrors = "LEGACY"
	shows := h.Client(poolID, s)
	wantFault(t, open(shows.ID, "nobody"), fault.UserNotFound, "*")
}

func TestLinksThatConfirmNobody(t *testing.T) {
	h := newHarness(t)
	poolID, c := linkPool(h, userpool.VerificationTemplate{})
	otherID, other := linkPool(h, userpool.VerificationTemplate{})
	ctx := t.Context()
	if _, err := h.SignUp(c.ID, "alice", attr("email", "alice@example.com")); err != nil {
		t.Fatal(err)
	}
	if m := h.Mails()[0]; m.Subject != "Your verification link" || !strings.HasPrefix(m.Body, "Please click the link below") {
		t.Error(m)
	}
	_, _, first := lastLink(t, h)
	t.Run("of another pool", func(t *testing.T) {
		err := h.Users.ConfirmLink(ctx, otherID, first)
		if !fault.Is(err, fault.ResourceNotFound) {
			t.Error(err)
		}
	})
	t.Run("with a client of another pool", func(t *testing.T) {
		moved := first
		moved.ClientID = other.ID
		if err := h.Users.ConfirmLink(ctx, otherID, moved); !fault.Is(err, fault.ExpiredCode) { // as for a name that no user has
			t.Error(err)
		}
	})
	t.Run("replaced by a newer one", func(t *testing.T) {
		if _, err := h.Users.ResendConfirmationCode(ctx, directory.CodeRequest{ClientID: c.ID, Username: "alice"}); err != nil {
			t.Fatal(err)
		}
		_, _, second := lastLink(t, h)
		if first.Code != second.Code && !fault.Is(h.Users.ConfirmLink(ctx, poolID, first), fault.ExpiredCode) {
			t.Error("the old link works")
		}
	})
	t.Run("after a day", func(t *testing.T) {
		_, _, second := lastLink(t, h)
		h.Clock.Forward(24 * time.Hour)
		if err := h.Users.ConfirmLink(ctx, poolID, second); !fault.Is(err, fault.ExpiredCode) {
			t.Error(err)
		}
	})
}

func TestLinksAreForSignUpsByMailOnly(t *testing.T) {
	h := newHarness(t)
	p := h.Pool(userpool.PoolSettings{AutoVerifiedAttributes: []string{"email", "phone_number"},
		VerificationMessageTemplate: &userpool.VerificationTemplate{DefaultEmailOption: "CONFIRM_WITH_LINK", EmailMessage: "reset {####}"}})
	c := h.Client(p.ID, allFlows)
	if _, err := h.SignUp(c.ID, "bob", attr("phone_number", "+15550001234")); err != nil {
		t.Fatal(err)
	}
	h.User(p.ID, "carol", attr("email", "carol@example.com"), attr("email_verified", "true"))
	if _, err := h.Users.ForgotPassword(t.Context(), directory.CodeRequest{ClientID: c.ID, Username: "carol"}); err != nil {
		t.Fatal(err)
	}
	mails := h.Mails()
	if len(mails) != 2 || !strings.HasPrefix(mails[0].Body, "Your verification code is ") || !strings.HasPrefix(mails[1].Body, "reset ") {
		t.Error(mails)
	}
}
