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
	"github.com/sluicegate/sluice/userpool/risk"
	"github.com/sluicegate/sluice/userpool/threat"
	"github.com/sluicegate/sluice/userpool/triggers"
)

// purposeNotice is the purpose of messages about risky sign-ins.
const purposeNotice = "account takeover"

// unknownPlace is what AWS shows for the place of an address that it does not know.
const unknownPlace = "null"

// NotifyRisk has the message of the risk configuration about a sign-in sent to the user, by the pool's CustomEmailSender if it has
// one. A user without a verified e-mail address gets none. A failure is logged.
func (s *Service) NotifyRisk(ctx context.Context, p *userpool.Pool, c *userpool.Client, u *store.User, e threat.Event) {
	n := threat.NotifyOf(p, c)
	to := u.Attributes["email"]
	if n == nil || to == "" || !userpool.Verified(u.Attributes, "email") {
		return
	}
	mail := n.NoActionEmail
	switch e.Assessment.Action {
	case risk.Block:
		mail = n.BlockEmail
	case risk.MFAIfConfigured, risk.MFARequired:
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
	m, err := s.riskMessage(p, c, n, mail, u, e, token)
	if m.Medium == message.Email {
		m.To = to
	}
	if err == nil {
		err = s.leave(ctx, m)
	}
	if err != nil {
		s.base.Logger.WarnContext(ctx, "a message about a risky sign-in is dropped", "pool", p.ID, "error", err)
	}
}

// riskMessage fills in the placeholders, or passes their values to the pool's CustomEmailSender.
//
// Source: AWS, "Working with adaptive authentication", message templates; the event as the public type definitions of
// CustomEmailSender have it.
func (s *Service) riskMessage(p *userpool.Pool, c *userpool.Client, n *risk.Notify, mail *risk.Email, u *store.User, e threat.Event, token string) (message.Message, error) {
	base := strings.TrimSuffix(s.o.ConfirmURL(p.ID), "/confirmUser")
	values := map[string]string{
		"username": u.Username, "event-id": e.ID, "feedback-token": token, "ip-address": cmp.Or(e.Address, unknownPlace),
		"city": unknownPlace, "country": unknownPlace, "device-name": e.Device, "login-time": s.now().UTC().Format(time.RFC1123),
		"one-click-link-valid":   threat.FeedbackLink(base, u, e.ID, token, threat.Valid),
		"one-click-link-invalid": threat.FeedbackLink(base, u, e.ID, token, threat.Invalid),
	}
	m := message.Message{Medium: message.Email, PoolID: p.ID, Purpose: purposeNotice, Origin: e.Address}
	if triggers.HasEmailSender(p) {
		event, err := triggers.EmailEvent(triggers.Call{Pool: p, Client: c, User: u}, "AccountTakeOverNotification", triggers.SenderRequest{Attributes: riskAttributes(values, e)})
		return event.Message(m), err
	}
	body := cmp.Or(mail.HTMLBody, mail.TextBody)
	var pairs []string
	for name, v := range values {
		if mail.HTMLBody != "" {
			v = html.EscapeString(v)
		}
		pairs = append(pairs, "{"+name+"}", v)
	}
	m.From, m.ReplyTo, m.HTML = cmp.Or(message.OneLine(n.From), p.Sender.From), cmp.Or(message.OneLine(n.ReplyTo), p.Sender.ReplyTo), mail.HTMLBody != ""
	m.Subject = message.OneLine(mail.Subject)
	m.Body = strings.NewReplacer(pairs...).Replace(body)
	return m, nil
}

// riskAttributes returns the userAttributes of the event about a risky sign-in, which AWS uses for the values of the placeholders.
func riskAttributes(values map[string]string, e threat.Event) map[string]string {
	action := e.Assessment.Action
	if action == "" {
		action = risk.NoAction
	}
	return map[string]string{"EVENT_ID": values["event-id"], "USER_NAME": values["username"], "IP_ADDRESS": values["ip-address"],
		"ACCOUNT_TAKE_OVER_ACTION": action, "ONE_CLICK_LINK_VALID": values["one-click-link-valid"], "ONE_CLICK_LINK_INVALID": values["one-click-link-invalid"],
		"LOGIN_TIME": values["login-time"], "FEEDBACK_TOKEN": values["feedback-token"], "CITY": values["city"], "COUNTRY": values["country"], "DEVICE_NAME": values["device-name"]}
}
