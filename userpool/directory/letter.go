package directory

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
)

// AWS's texts for pools without their own.
const (
	defaultCodeText      = "Your verification code is {####}"
	defaultCodeSubject   = "Your verification code"
	defaultLinkText      = "Please click the link below to verify your email address. {##Verify Email##} "
	defaultLinkSubject   = "Your verification link"
	defaultInviteText    = "Your username is {username} and temporary password is {####}. "
	defaultInviteSubject = "Your temporary password"
	defaultSignInSMS     = "Your authentication code is {####}. "
	defaultSignInText    = "Your authentication code is {####}. "
	defaultSignInSubject = "Your authentication code"
)

// origin is the call that a message answers.
type origin struct {
	source  string           // the part of triggerSource after the underscore: SignUp, ResendCode and so on
	client  *userpool.Client // nil for an administrator's call
	context userpool.ClientContext
}

// The sources of messages. AWS: "Custom message Lambda trigger".
const (
	sourceSignUp   = "SignUp"
	sourceResend   = "ResendCode"
	sourceCreate   = "AdminCreateUser"
	sourceForgot   = "ForgotPassword"
	sourceUpdate   = "UpdateUserAttribute"
	sourceVerify   = "VerifyUserAttribute"
	sourceSignedIn = "Authentication"
)

// letter is a message before its placeholders are filled in.
type letter struct {
	origin
	purpose   string
	attribute string // email or phone_number: decides the medium
	to        string
	user      *store.User
	username  string    // as the reader knows it
	secret    string    // code or temporary password
	expires   time.Time // when the secret is of no use any more; zero = unknown
	subject   string
	text      string
	link      bool // the text has a link that confirms, instead of a code
}

// signInPurpose reports whether codes of the purpose belong to sign-ins.
func signInPurpose(purpose string) bool {
	return strings.HasPrefix(purpose, "mfa:") || strings.HasPrefix(purpose, "signin:")
}

// codeLetter returns a message with a code, from the pool's templates.
func codeLetter(p *userpool.Pool, u *store.User, purpose, attribute, to, code string) letter {
	l := letter{purpose: purpose, attribute: attribute, to: to, user: u, username: u.Username, secret: code}
	t := p.Settings.VerificationMessageTemplate
	switch {
	case signInPurpose(purpose):
		l.source = sourceSignedIn
		l.signInTexts(p)
		return l
	case purpose == codeSignUp:
		l.source = sourceSignUp
		l.link = attribute == "email" && t != nil && t.DefaultEmailOption == confirmWithLink
	case purpose == codeForgot:
		l.source = sourceForgot
	default:
		l.source = sourceVerify
	}
	switch {
	case l.link:
		l.text, l.subject = cmp.Or(t.EmailMessageByLink, defaultLinkText), cmp.Or(t.EmailSubjectByLink, defaultLinkSubject)
	case attribute == "phone_number":
		l.text = cmp.Or(p.Settings.SmsVerificationMessage, defaultCodeText)
	default:
		l.text = cmp.Or(p.Settings.EmailVerificationMessage, defaultCodeText)
		l.subject = cmp.Or(p.Settings.EmailVerificationSubject, defaultCodeSubject)
	}
	return l
}

// confirmWithLink is the DefaultEmailOption with which sign-ups are confirmed by a link. AWS: it applies to SignUp and
// ResendConfirmationCode only.
const confirmWithLink = "CONFIRM_WITH_LINK"

// signInTexts sets the texts of a message with a code of a sign-in.
func (l *letter) signInTexts(p *userpool.Pool) {
	if l.attribute == "phone_number" {
		l.text = cmp.Or(p.Settings.SmsAuthenticationMessage, defaultSignInSMS)
		return
	}
	if mail := p.Settings.EmailMfaConfiguration; mail != nil {
		l.text, l.subject = mail.Message, mail.Subject
	}
	l.text, l.subject = cmp.Or(l.text, defaultSignInText), cmp.Or(l.subject, defaultSignInSubject)
}

// signInName returns the name with which the reader of an invitation signs in. In a pool whose users sign in by address, the user name is a
// sub, which the reader does not know: it is the address that gets the invitation, or else another one that the pool takes as a name.
func signInName(p *userpool.Pool, u *store.User, attribute string) string {
	name := u.Username
	for _, kind := range slices.Backward(p.Settings.UsernameAttributes) {
		name = cmp.Or(u.Attributes[kind], name)
	}
	if slices.Contains(p.Settings.UsernameAttributes, attribute) {
		name = u.Attributes[attribute]
	}
	return name
}

// inviteLetter returns the message to a user whom an administrator creates.
func inviteLetter(p *userpool.Pool, u *store.User, attribute, password string) letter {
	l := letter{origin: origin{source: sourceCreate}, purpose: "invitation", attribute: attribute, to: u.Attributes[attribute], user: u,
		username: signInName(p, u, attribute), secret: password, expires: u.Password.ExpiresAt}
	if t := p.Settings.AdminCreateUserConfig.InviteMessageTemplate; t != nil {
		l.subject, l.text = t.EmailSubject, t.EmailMessage
		if attribute == "phone_number" {
			l.text = t.SMSMessage
		}
	}
	l.text, l.subject = cmp.Or(l.text, defaultInviteText), cmp.Or(l.subject, defaultInviteSubject)
	return l
}
