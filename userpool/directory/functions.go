package directory

import (
	"cmp"
	"context"
	"strings"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/message"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/triggers"
)

// CodeKeys encrypts codes with the keys that pools name as KMSKeyID.
type CodeKeys interface {
	// EncryptCode returns the code as custom senders get it, in Base64. found is false if no key has the id.
	EncryptCode(keyID, poolID, code string) (text string, found bool, err error)
}

// hasTexts reports whether a function writes messages of the pool.
func hasTexts(p *userpool.Pool) bool {
	c := p.Settings.LambdaConfig
	return c != nil && c.CustomMessage != ""
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

// customTexts replaces the texts with those of the pool's CustomMessage function.
func (s *Service) customTexts(ctx context.Context, p *userpool.Pool, l *letter) error {
	if !hasTexts(p) || l.source == "" {
		return nil
	}
	texts, err := s.o.Triggers.CustomMessage(ctx, l.call(p), l.source, triggers.MessageRequest{SMS: l.attribute == "phone_number", Link: l.link,
		Username: l.source == sourceCreate, NoSecret: l.secret == ""})
	l.text, l.subject = cmp.Or(texts.Body, l.text), cmp.Or(texts.Subject, l.subject)
	return err
}

// passToSender has the pool's custom sender send the message. As in AWS, the call does not wait for the function.
func (s *Service) passToSender(ctx context.Context, p *userpool.Pool, l letter) (*Delivery, error) {
	m, err := s.pack(p, &l)
	if err != nil {
		s.base.Logger.ErrorContext(ctx, "a code for a custom sender could not be encrypted", "pool", p.ID, "error", err)
		return nil, fault.Wrap(fault.CodeDeliveryFailure, err, "The message could not be delivered.")
	}
	if err := s.leave(ctx, m); err != nil {
		return nil, err
	}
	return l.delivery(), nil
}

// pack returns the message that the letter becomes: the event for the pool's custom sender if it has one for the medium, else the
// composed text.
func (s *Service) pack(p *userpool.Pool, l *letter) (message.Message, error) {
	m := s.compose(p, l)
	if !hasSender(p, l) {
		return m, nil
	}
	in, err := s.senderRequest(p, l)
	if err != nil {
		return m, err
	}
	event := triggers.EmailEvent
	if l.attribute == "phone_number" {
		event = triggers.SMSEvent
	}
	e, err := event(l.call(p), l.source, in)
	return e.Message(m), err
}

// put packs a letter and puts the message into the queue, in the caller's transaction.
func (s *Service) put(tx store.Tx, p *userpool.Pool, l *letter) error {
	m, err := s.pack(p, l)
	if err != nil {
		return err
	}
	return s.o.Queue.Put(tx, m)
}

// leave has a message sent after the call has been answered: by the queue, so that it is sent even if the process ends, or else by
// the courier, also if the caller has gone.
func (s *Service) leave(ctx context.Context, m message.Message) error {
	ctx = context.WithoutCancel(ctx)
	if s.o.Queue != nil {
		err := s.base.Update(ctx, func(tx store.Tx) error { return s.o.Queue.Put(tx, m) })
		s.o.Queue.Wake()
		return err
	}
	at, err := s.courier.Reserve(m.PoolID)
	if err != nil {
		return err
	}
	at.Use(func() {
		send := s.o.Sender.Send
		if m.Medium == message.Function {
			send = s.o.Triggers.Send
		}
		if err := send(ctx, m); err != nil {
			s.base.Logger.WarnContext(ctx, "a message could not be sent", "pool", m.PoolID, "purpose", m.Purpose, "medium", string(m.Medium), "error", err)
		}
	})
	return nil
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
