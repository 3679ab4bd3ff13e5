package node

import (
	"errors"
	"path/filepath"
	"strings"
	"time"

	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/kms"
	"github.com/sluicegate/sluice/message"
	"github.com/sluicegate/sluice/message/queue"
	"github.com/sluicegate/sluice/node/carriers"
	"github.com/sluicegate/sluice/node/preflight"
	"github.com/sluicegate/sluice/node/runtimes"
	"github.com/sluicegate/sluice/seal"
	"github.com/sluicegate/sluice/store/postgres"
	"github.com/sluicegate/sluice/trigger"
	"github.com/sluicegate/sluice/userpool/triggers"
)

// OutboxFile is the file in the data directory that receives the messages for which no carrier is configured: mail without an
// smtp block, and SMS messages without an sms block.
const OutboxFile = "outbox.jsonl"

// newKeys returns the local keys of KMS.
func newKeys(o *Options, box *seal.Box) (*kms.Service, error) {
	return kms.New(kms.Options{Seal: box, Rand: o.Rand, Regions: o.Config.Regions(), Account: o.Config.Account, Keys: o.Config.KMSKeys})
}

// newQueue returns the queue of codes and invitations, which sends them, or has custom senders do so.
func newQueue(o *Options, s *Storage, functions *trigger.Functions, givenUp func(message.Message, error)) (*queue.Queue, error) {
	sender, err := newSender(o, s.Dir)
	if err != nil {
		return nil, err
	}
	sender[message.Function] = triggers.New(triggers.Options{Invoke: functions.Respond, Logger: o.Log})
	return queue.New(queue.Options{Store: s.Store, Seal: s.Box, Sender: sender, Now: postgres.SharedClock(s.Store, o.Now), Rand: o.Rand, GivenUp: givenUp, Observer: o.Observer, Logger: o.Log})
}

// newSender returns the sender of codes and invitations; dir is the data directory.
func newSender(o *Options, dir string) (message.Media, error) {
	outbox, err := message.NewOutbox(message.OutboxOptions{Path: filepath.Join(dir, OutboxFile), Now: o.Now, Logger: o.Log})
	if err != nil {
		return nil, err
	}
	media := message.Media{message.Email: outbox, message.SMS: outbox}
	if o.Config.SMS != nil {
		if media[message.SMS], err = carriers.SMS(o.Config.SMS, o.Now); err != nil {
			return nil, err
		}
	}
	if o.Config.SMTP != nil {
		if media[message.Email], err = carriers.SMTP(o.Config.SMTP); err != nil {
			return nil, err
		}
	}
	return media, nil
}

// Check returns the mistakes that package config does not know: in templates, files, programs, URLs and addresses. Its error joins a
// *config.Problem for each.
func Check(c *config.App) error {
	problems := append(runtimes.Check(c), preflight.Check(c))
	add := func(at, prefix string, err error) {
		if err != nil {
			problems = append(problems, &config.Problem{At: at, Text: strings.TrimPrefix(err.Error(), prefix)})
		}
	}
	if c.SMS != nil {
		_, err := carriers.SMS(c.SMS, time.Now)
		add("sms", "sms: ", err)
	}
	if c.SMTP != nil {
		_, err := carriers.SMTP(c.SMTP)
		add("smtp", "message: SMTP: ", err)
	}
	_, err := loginPages(c.LoginLanguages)
	add("login_languages", "", err)
	return errors.Join(problems...)
}
