package directory

import (
	"cmp"
	"context"
	"html"
	"slices"
	"strings"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/message"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
)

const namePlaceholder = "{username}"

// AWS's texts where a pool has none of its own.
const (
	defaultCodeText      = "Your verification code is {####}"
	defaultCodeSubject   = "Your verification code"
	defaultInviteText    = "Your username is {username} and temporary password is {####}. "
	defaultInviteSubject = "Your temporary password"
)

// Delivery says where a message was sent, with the address masked.
type Delivery struct {
	Destination string // t***@e*** or +*******9878
	Medium      string // EMAIL or SMS
	Attribute   string // email or phone_number
}

// letter is a message before its placeholders are filled in.
type letter struct {
	purpose   string
	attribute string // email or phone_number: decides the medium
	to        string
	username  string
	secret    string // code or temporary password
	subject   string
	text      string
}

func mediumOf(attribute string) message.Medium {
	if attribute == "phone_number" {
		return message.SMS
	}
	return message.Email
}

// codeLetter returns a message with a code, from the pool's templates.
func codeLetter(p *userpool.Pool, u *store.User, purpose, attribute, to, code string) letter {
	l := letter{purpose: purpose, attribute: attribute, to: to, username: u.Username, secret: code,
		subject: p.Settings.EmailVerificationSubject, text: p.Settings.EmailVerificationMessage}
	if attribute == "phone_number" {
		l.text = p.Settings.SmsVerificationMessage
	}
	l.text, l.subject = cmp.Or(l.text, defaultCodeText), cmp.Or(l.subject, defaultCodeSubject)
	return l
}

// inviteLetter returns the message to a user whom an administrator creates.
func inviteLetter(p *userpool.Pool, u *store.User, attribute, password string) letter {
	l := letter{purpose: "invitation", attribute: attribute, to: u.Attributes[attribute], username: u.Username, secret: password}
	if len(p.Settings.UsernameAttributes) > 0 {
		l.username = u.Attributes[attribute] // the user name is a sub, which the reader does not know
	}
	if t := p.Settings.AdminCreateUserConfig.InviteMessageTemplate; t != nil {
		l.subject, l.text = t.EmailSubject, t.EmailMessage
		if attribute == "phone_number" {
			l.text = t.SMSMessage
		}
	}
	l.text, l.subject = cmp.Or(l.text, defaultInviteText), cmp.Or(l.subject, defaultInviteSubject)
	return l
}

// send fills in the placeholders and sends the message. It logs a failure and returns fault.CodeDeliveryFailure. Call it
// after the transaction that keeps the secret.
func (s *Service) send(ctx context.Context, p *userpool.Pool, l letter) (*Delivery, error) {
	markup := strings.Contains(l.text, "<") && strings.Contains(l.text, ">")
	name, secret := l.username, l.secret
	if markup {
		name, secret = html.EscapeString(name), html.EscapeString(secret)
	}
	body := strings.NewReplacer(userpool.CodePlaceholder, secret, namePlaceholder, name).Replace(l.text)
	m := message.Message{Medium: mediumOf(l.attribute), To: l.to, Subject: l.subject, Body: body, HTML: markup,
		PoolID: p.ID, Purpose: l.purpose}
	if m.Medium == message.Email {
		m.From, m.ReplyTo = p.Sender.From, p.Sender.ReplyTo
	}
	if err := s.o.Sender.Send(ctx, m); err != nil {
		s.base.Logger.WarnContext(ctx, "a message could not be sent", "pool", p.ID, "purpose", l.purpose, "medium", string(m.Medium), "error", err)
		return nil, fault.Wrap(fault.CodeDeliveryFailure, err, "The message could not be delivered.")
	}
	return l.delivery(), nil
}

// delivery returns where the letter goes.
func (l *letter) delivery() *Delivery {
	return &Delivery{Destination: mask(l.attribute, l.to), Medium: string(mediumOf(l.attribute)), Attribute: l.attribute}
}

// mask hides an address as AWS does: the first letters of both halves of an e-mail address, the last four digits of a
// number.
func mask(attribute, address string) string {
	if attribute == "phone_number" {
		tail := address[max(len(address)-4, 0):]
		return "+" + strings.Repeat("*", 7) + tail
	}
	local, domain, _ := strings.Cut(address, "@")
	return first(local) + "***@" + first(domain) + "***"
}

func first(s string) string {
	for _, r := range s {
		return string(r)
	}
	return ""
}

// toVerify returns the attribute that a sign-up's code goes to, "" for none. As in AWS, the phone comes first.
func toVerify(p *userpool.Pool, attrs map[string]string) string {
	for _, a := range []string{"phone_number", "email"} {
		if slices.Contains(p.Settings.AutoVerifiedAttributes, a) && attrs[a] != "" {
			return a
		}
	}
	return ""
}
