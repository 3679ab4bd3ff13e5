package directory

import (
	"cmp"
	"context"
	"html"
	"strings"
	"time"

	"github.com/sluicegate/sluice/message"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/threat"
)

// purposeNotice is the purpose of messages about risky sign-ins.
const purposeNotice = "account takeover"

// unknownPlace is what AWS shows for the place of an address that it does not know.
const unknownPlace = "null"

// NotifyRisk sends the user the message of the risk configuration about a sign-in, in the background. A user without an e-mail
// address gets none. A failure is logged.
func (s *Service) NotifyRisk(ctx context.Context, p *userpool.Pool, c *userpool.Client, u *store.User, e threat.Event) {
	n := threat.NotifyOf(p, c)
	to := u.Attributes["email"]
	if n == nil || to == "" || !userpool.Verified(u.Attributes, "email") {
		return
	}
	mail := n.NoActionEmail
	switch e.Assessment.Action {
	case userpool.ActionBlock:
		mail = n.BlockEmail
	case userpool.ActionMFAIfConfigured, userpool.ActionMFARequired:
		mail = n.MFAEmail
	}
	if mail == nil {
		return
	}
	token, err := s.o.Threat.FeedbackToken(p.ID, u.Sub, e.ID)
	if err != nil {
		s.base.Logger.ErrorContext(ctx, "a feedback token cannot be made", "pool", p.ID, "error", err)
		return
	}
	place, err := s.courier.reserve()
	if err != nil {
		s.base.Logger.WarnContext(ctx, "too many messages are underway; a message about a risky sign-in is dropped", "pool", p.ID)
		return
	}
	m := s.riskMessage(p, n, mail, u, e, token)
	m.To = to
	ctx = context.WithoutCancel(ctx)
	place.use(func() {
		if err := s.o.Sender.Send(ctx, m); err != nil {
			s.base.Logger.WarnContext(ctx, "a message could not be sent", "pool", p.ID, "purpose", purposeNotice, "error", err)
		}
	})
}

// riskMessage fills in the placeholders.
//
// Source: AWS, "Working with adaptive authentication", message templates.
func (s *Service) riskMessage(p *userpool.Pool, n *userpool.NotifyConfig, mail *userpool.NotifyEmail, u *store.User, e threat.Event, token string) message.Message {
	base := strings.TrimSuffix(s.o.ConfirmURL(p.ID), "/confirmUser")
	values := map[string]string{
		"username": u.Username, "event-id": e.ID, "feedback-token": token, "ip-address": cmp.Or(e.Address, unknownPlace),
		"city": unknownPlace, "country": unknownPlace, "device-name": e.Device, "login-time": s.now().UTC().Format(time.RFC1123),
		"one-click-link-valid":   threat.FeedbackLink(base, u, e.ID, token, threat.Valid),
		"one-click-link-invalid": threat.FeedbackLink(base, u, e.ID, token, threat.Invalid),
	}
	body := cmp.Or(mail.HTMLBody, mail.TextBody)
	var pairs []string
	for name, v := range values {
		if mail.HTMLBody != "" {
			v = html.EscapeString(v)
		}
		pairs = append(pairs, "{"+name+"}", v)
	}
	from := cmp.Or(n.From, p.Sender.From)
	return message.Message{Medium: message.Email, From: from, ReplyTo: cmp.Or(n.ReplyTo, p.Sender.ReplyTo), Subject: mail.Subject,
		Body: strings.NewReplacer(pairs...).Replace(body), HTML: mail.HTMLBody != "", PoolID: p.ID, Purpose: purposeNotice}
}
