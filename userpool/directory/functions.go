package directory

import (
	"context"
	"strings"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/triggers"
)

// CodeKeys encrypts codes with the keys that pools name as KMSKeyID.
type CodeKeys interface {
	// EncryptCode returns the code as custom senders get it, in Base64. found is false if no key has the id.
	EncryptCode(keyID, poolID, code string) (text string, found bool, err error)
}

// hasFunctions reports whether functions make or send messages of the pool.
func hasFunctions(p *userpool.Pool) bool {
	c := p.Settings.LambdaConfig
	return c != nil && (c.CustomMessage != "" || triggers.HasEmailSender(p) || triggers.HasSMSSender(p))
}

// hasSender reports whether a function sends the letter. As in AWS, CustomMessage does not run for it then.
func hasSender(p *userpool.Pool, l *letter) bool {
	if l.attribute == "phone_number" {
		return triggers.HasSMSSender(p)
	}
	return triggers.HasEmailSender(p)
}

func (l *letter) call(p *userpool.Pool) triggers.Call {
	return triggers.Call{Pool: p, Client: l.client, User: l.user, Metadata: l.context.Metadata}
}

// customTexts replaces the texts by those of the pool's CustomMessage function.
func (s *Service) customTexts(ctx context.Context, p *userpool.Pool, l *letter) error {
	if p.Settings.LambdaConfig == nil || p.Settings.LambdaConfig.CustomMessage == "" || l.source == "" {
		return nil
	}
	texts, err := s.o.Triggers.CustomMessage(ctx, l.call(p), l.source, triggers.MessageRequest{Link: l.link, Username: l.source == sourceCreate})
	if err != nil {
		return err
	}
	text := texts.EmailBody
	if l.attribute == "phone_number" {
		text = texts.SMS
	}
	if text != "" {
		l.text = text
	}
	if texts.EmailSubject != "" {
		l.subject = texts.EmailSubject
	}
	return nil
}

// passToSender has the pool's custom sender send the message. As in AWS, the call does not wait for the function.
func (s *Service) passToSender(ctx context.Context, p *userpool.Pool, l letter) (*Delivery, error) {
	in, err := s.senderRequest(p, &l)
	if err != nil {
		s.base.Logger.ErrorContext(ctx, "a code for a custom sender could not be encrypted", "pool", p.ID, "error", err)
		return nil, fault.Wrap(fault.CodeDeliveryFailure, err, "The message could not be delivered.")
	}
	at, err := s.courier.reserve()
	if err != nil {
		return nil, err
	}
	run := s.o.Triggers.SendEmail
	if l.attribute == "phone_number" {
		run = s.o.Triggers.SendSMS
	}
	background := context.WithoutCancel(ctx)
	at.use(func() {
		if err := run(background, l.call(p), l.source, in); err != nil {
			s.base.Logger.WarnContext(background, "a custom sender failed", "pool", p.ID, "purpose", l.purpose, "error", err)
		}
	})
	return l.delivery(), nil
}

// escapeSecret escapes a temporary password as AWS does for custom senders.
var escapeSecret = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#39;")

// senderRequest encrypts the code. If Sluice has no key with the pool's KMSKeyID, the code is not encrypted, and the request says
// so.
func (s *Service) senderRequest(p *userpool.Pool, l *letter) (in triggers.SenderRequest, err error) {
	if l.secret == "" {
		return in, nil
	}
	secret := l.secret
	if l.source == sourceCreate {
		secret = escapeSecret.Replace(secret)
	}
	if s.o.Keys != nil {
		text, found, err := s.o.Keys.EncryptCode(p.Settings.LambdaConfig.KMSKeyID, p.ID, secret)
		if found || err != nil {
			return triggers.SenderRequest{Code: text}, err
		}
	}
	return triggers.SenderRequest{Code: secret, Encryption: "none"}, nil
}
