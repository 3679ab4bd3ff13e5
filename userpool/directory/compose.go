package directory

import (
	"context"
	"html"
	"net/url"
	"regexp"
	"strings"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/message"
	"github.com/sluicegate/sluice/userpool"
)

// placeholders matches {####} and {username}, and linkPlaceholders also {##text##}. The text of a link does not contain "{#", so
// that an unfinished one, in a user's attribute for example, does not include the placeholder after it.
var (
	placeholders     = regexp.MustCompile(`\{####\}|\{username\}`)
	linkPlaceholders = regexp.MustCompile(placeholders.String() + `|\{##(?:[^{]|\{[^#])+?##\}`)
)

// compose fills in the placeholders. A text with markup, or with a link, is sent as HTML; user names and passwords are escaped
// in it. All placeholders are replaced in one pass, so those in a user's name stay as they are.
func (s *Service) compose(p *userpool.Pool, l *letter) message.Message {
	markup := l.attribute == "email" && (l.link || strings.Contains(l.text, "<") && strings.Contains(l.text, ">"))
	escape := func(text string) string {
		if markup {
			return html.EscapeString(text)
		}
		return text
	}
	pattern := placeholders
	if l.link {
		pattern = linkPlaceholders
	}
	body := pattern.ReplaceAllStringFunc(l.text, func(found string) string {
		switch found {
		case userpool.CodePlaceholder:
			return escape(l.secret)
		case namePlaceholder:
			return escape(l.username)
		}
		text := strings.TrimSuffix(strings.TrimPrefix(found, "{##"), "##}")
		return `<a href="` + html.EscapeString(s.confirmURL(p, l)) + `">` + text + `</a>`
	})
	m := message.Message{Medium: mediumOf(l.attribute), To: l.to, Subject: message.OneLine(l.subject), Body: body, HTML: markup,
		PoolID: p.ID, Purpose: l.purpose, Username: l.username, Code: l.secret, Sub: l.user.Sub, Origin: l.context.Address, ExpiresAt: l.expires}
	if m.Medium == message.Email {
		m.From, m.ReplyTo = p.Sender.From, p.Sender.ReplyTo
	} else {
		m.Subject = ""
	}
	return m
}

const namePlaceholder = "{username}"

// confirmURL returns the link that confirms a sign-up. Its parameters are those of AWS's links.
func (s *Service) confirmURL(p *userpool.Pool, l *letter) string {
	id := ""
	if l.client != nil {
		id = l.client.ID
	}
	return s.o.ConfirmURL(p.ID) + "/?client_id=" + url.QueryEscape(id) + "&user_name=" + url.QueryEscape(l.user.Username) +
		"&confirmation_code=" + url.QueryEscape(l.secret)
}

// send fills in the placeholders and sends the message. It logs a failure and returns fault.CodeDeliveryFailure, or the error of
// the pool's CustomMessage function. A pool with a custom sender for the medium has its function send the message. Call send
// after the transaction that keeps the secret. The message is sent also if the caller has gone.
func (s *Service) send(ctx context.Context, p *userpool.Pool, l letter) (*Delivery, error) {
	ctx = context.WithoutCancel(ctx)
	if hasSender(p, &l) {
		return s.passToSender(ctx, p, l)
	}
	if err := s.customTexts(ctx, p, &l); err != nil {
		return nil, err
	}
	if l.source == sourceCreate && strings.Contains(l.text, userpool.CodePlaceholder) != (l.secret != "") {
		return nil, nil // AWS: a text without {####} is for users without a password, and not delivered to others
	}
	m := s.compose(p, &l)
	if err := s.o.Sender.Send(ctx, m); err != nil {
		s.base.Logger.WarnContext(ctx, "a message could not be sent", "pool", p.ID, "purpose", l.purpose, "medium", string(m.Medium), "error", err)
		return nil, fault.Wrap(fault.CodeDeliveryFailure, err, "The message could not be delivered.")
	}
	return l.delivery(), nil
}
