package node

import (
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/kms"
	"github.com/sluicegate/sluice/message"
	"github.com/sluicegate/sluice/message/queue"
	"github.com/sluicegate/sluice/seal"
	"github.com/sluicegate/sluice/trigger"
	"github.com/sluicegate/sluice/userpool/triggers"
)

// OutboxFile is the file in the data directory that receives the messages for which no carrier is configured: mail without an
// smtp block, and SMS messages without an sms block.
const OutboxFile = "outbox.jsonl"

// tlsModes translates the Caddyfile's words.
var tlsModes = map[string]message.TLSMode{"starttls": message.StartTLS, "implicit": message.Implicit, "none": message.Plain}

// newKeys returns the local keys of KMS.
func newKeys(o *Options, box *seal.Box) (*kms.Service, error) {
	return kms.New(kms.Options{Seal: box, Rand: o.Rand, Region: o.Config.Region, Account: o.Config.Account, Keys: o.Config.KMSKeys})
}

// newQueue returns the queue of codes and invitations, which sends them, or has custom senders do so.
func newQueue(o *Options, s *Storage, functions *trigger.Functions) (*queue.Queue, error) {
	sender, err := newSender(o, s.Dir)
	if err != nil {
		return nil, err
	}
	sender[message.Function] = triggers.New(triggers.Options{Invoke: functions.Invoke, Logger: o.Log})
	return queue.New(queue.Options{Store: s.Store, Seal: s.Box, Sender: sender, Now: o.Now, Rand: o.Rand, Observer: o.Observer, Logger: o.Log})
}

// newSender returns the sender of codes and invitations; dir is the data directory.
func newSender(o *Options, dir string) (message.Media, error) {
	outbox, err := message.NewOutbox(message.OutboxOptions{Path: filepath.Join(dir, OutboxFile), Now: o.Now, Logger: o.Log})
	if err != nil {
		return nil, err
	}
	media := message.Media{message.Email: outbox, message.SMS: outbox}
	if o.Config.SMS != nil {
		if media[message.SMS], err = newSMS(o.Config.SMS, o.Now); err != nil {
			return nil, err
		}
	}
	if o.Config.SMTP != nil {
		if media[message.Email], err = newSMTP(o.Config.SMTP); err != nil {
			return nil, err
		}
	}
	return media, nil
}

// newSMS returns the sender of SMS messages.
func newSMS(c *config.SMS, now func() time.Time) (*message.Provider, error) {
	o := message.ProviderOptions{URL: c.URL, Method: c.Method, Body: c.Body, Username: c.Username, Password: seal.NewSecret(c.Password),
		Sender: c.Sender, Timeout: time.Duration(c.Timeout), Now: now}
	for _, h := range c.Headers {
		o.Headers = append(o.Headers, message.ProviderHeader(h))
	}
	if s := c.SigV4; s != nil {
		o.Sign = &message.ProviderSignature{Service: s.Service, Region: s.Region, AccessKey: s.AccessKey, SecretKey: seal.NewSecret(s.SecretKey)}
	}
	return message.NewProvider(o)
}

// Check returns the mistakes of the sms block, the keys and the triggers that package config does not know: templates, files, programs and URLs.
// Its error joins a *config.Problem for each.
func Check(c *config.App) error {
	var problems []error
	if err := kms.Check(c.Region, c.Account, c.KMSKeys); err != nil {
		problems = append(problems, &config.Problem{At: "kms_key", Text: err.Error()})
	}
	if c.SMS != nil {
		if _, err := newSMS(c.SMS, time.Now); err != nil {
			problems = append(problems, &config.Problem{At: "sms", Text: strings.TrimPrefix(err.Error(), "sms: ")})
		}
	}
	if _, err := loginPages(c.LoginLanguages); err != nil {
		problems = append(problems, &config.Problem{At: "login_languages", Text: err.Error()})
	}
	return errors.Join(append(problems, checkTriggers(c)...)...)
}

// newSMTP returns the sender of e-mail.
func newSMTP(smtp *config.SMTP) (*message.SMTP, error) {
	host, portText, err := net.SplitHostPort(smtp.Address)
	if err != nil {
		return nil, fmt.Errorf("smtp: %w", err)
	}
	port, err := strconv.Atoi(portText)
	if err != nil {
		return nil, fmt.Errorf("smtp: %q is not a port", portText)
	}
	return message.NewSMTP(message.SMTPOptions{Host: host, Port: port, TLS: tlsModes[smtp.TLS],
		Username: smtp.Username, Password: seal.NewSecret(smtp.Password), From: smtp.From,
		Timeout: time.Duration(smtp.Timeout)})
}
