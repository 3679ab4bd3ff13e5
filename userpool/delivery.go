package userpool

import (
	"context"
	"encoding/json"
	"fmt"
	"html"
	"slices"
	"strings"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/message"
	"github.com/sluicegate/sluice/store"
)

const (
	codePlaceholder = "{####}"
	namePlaceholder = "{username}"
)

// AWS's texts where a pool has none of its own.
const (
	defaultCodeText      = "Your verification code is {####}"
	defaultCodeSubject   = "Your verification code"
	defaultInviteText    = "Your username is {username} and temporary password is {####}. "
	defaultInviteSubject = "Your temporary password"
)

// Delivery says where a message went: the address is masked.
type Delivery struct {
	Destination string // t***@e*** or +*******9878
	Medium      string // EMAIL or SMS
	Attribute   string // email or phone_number
}

// letter is a message in the making.
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

// codeLetter is a message with a code, by the pool's templates.
func (p *pool) codeLetter(u *store.User, purpose, attribute, to, code string) letter {
	l := letter{purpose: purpose, attribute: attribute, to: to, username: u.Username, secret: code,
		subject: p.Settings.EmailVerificationSubject, text: p.Settings.EmailVerificationMessage}
	if attribute == "phone_number" {
		l.text = p.Settings.SmsVerificationMessage
	}
	setDefault(&l.text, defaultCodeText)
	setDefault(&l.subject, defaultCodeSubject)
	return l
}

// inviteLetter is the message that an administrator's new user gets.
func (p *pool) inviteLetter(u *store.User, attribute, password string) letter {
	l := letter{purpose: "invitation", attribute: attribute, to: u.Attributes[attribute], username: u.Username, secret: password}
	if len(p.Settings.UsernameAttributes) > 0 {
		l.username = u.Attributes[attribute] // a sub would tell its reader nothing
	}
	if t := p.Settings.AdminCreateUserConfig.InviteMessageTemplate; t != nil {
		l.subject, l.text = t.EmailSubject, t.EmailMessage
		if attribute == "phone_number" {
			l.text = t.SMSMessage
		}
	}
	setDefault(&l.text, defaultInviteText)
	setDefault(&l.subject, defaultInviteSubject)
	return l
}

// send fills in the placeholders and hands the message over. It is called after the transaction that made the secret.
func (s *Service) send(ctx context.Context, p *pool, l letter) (*Delivery, error) {
	markup := strings.Contains(l.text, "<") && strings.Contains(l.text, ">")
	name, secret := l.username, l.secret
	if markup {
		name, secret = html.EscapeString(name), html.EscapeString(secret)
	}
	body := strings.NewReplacer(codePlaceholder, secret, namePlaceholder, name).Replace(l.text)
	m := message.Message{Medium: mediumOf(l.attribute), To: l.to, Subject: l.subject, Body: body, HTML: markup,
		PoolID: p.ID, Purpose: l.purpose}
	if m.Medium == message.Email {
		var err error
		if m.From, m.ReplyTo, err = p.sender(); err != nil {
			return nil, err
		}
	}
	if err := s.o.Sender.Send(ctx, m); err != nil {
		s.o.Logger.WarnContext(ctx, "a message could not be delivered", "pool", p.ID, "purpose", l.purpose, "medium", string(m.Medium), "error", err)
		return nil, fault.Wrap(fault.CodeDeliveryFailure, err, "The message could not be delivered.")
	}
	return l.delivery(), nil
}

// delivery says where the letter goes.
func (l *letter) delivery() *Delivery {
	return &Delivery{Destination: mask(l.attribute, l.to), Medium: string(mediumOf(l.attribute)), Attribute: l.attribute}
}

// sender returns the pool's own From and Reply-To, both empty where it has none.
func (p *pool) sender() (from, replyTo string, err error) {
	if !setJSON(p.Settings.EmailConfiguration) {
		return "", "", nil
	}
	var c struct{ From, ReplyToEmailAddress string }
	if err := json.Unmarshal(p.Settings.EmailConfiguration, &c); err != nil {
		return "", "", fmt.Errorf("userpool: EmailConfiguration of pool %s: %w", p.ID, err)
	}
	return c.From, c.ReplyToEmailAddress, nil
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

// toVerify picks the attribute that a sign-up's code goes to: the phone when both are there, as AWS does; "" for none.
func (p *pool) toVerify(attrs map[string]string) string {
	for _, a := range []string{"phone_number", "email"} {
		if slices.Contains(p.Settings.AutoVerifiedAttributes, a) && attrs[a] != "" {
			return a
		}
	}
	return ""
}

// recoveryOrder lists the media of account recovery, best first; nil when only an administrator can reset.
func (p *pool) recoveryOrder() []string {
	r := p.Settings.AccountRecoverySetting
	if r == nil || len(r.RecoveryMechanisms) == 0 {
		return []string{"phone_number", "email"} // AWS: an absent setting prefers SMS
	}
	ms := slices.Clone(r.RecoveryMechanisms)
	slices.SortStableFunc(ms, func(a, b RecoveryMechanism) int { return a.Priority - b.Priority })
	var order []string
	for _, m := range ms {
		switch m.Name {
		case "verified_email":
			order = append(order, "email")
		case "verified_phone_number":
			order = append(order, "phone_number")
		}
	}
	return order
}
