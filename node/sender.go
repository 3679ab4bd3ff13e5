package node

import (
	"fmt"
	"net"
	"path/filepath"
	"strconv"
	"time"

	"github.com/sluicegate/sluice/message"
	"github.com/sluicegate/sluice/seal"
)

// outboxFile receives the messages for which no carrier is configured: mail without an smtp block, and every SMS.
const outboxFile = "outbox.jsonl"

// tlsModes translates the Caddyfile's words.
var tlsModes = map[string]message.TLSMode{"starttls": message.StartTLS, "implicit": message.Implicit, "none": message.Plain}

// newSender returns the sender of codes and invitations; dir is the data directory.
func newSender(o *Options, dir string) (message.Sender, error) {
	outbox, err := message.NewOutbox(message.OutboxOptions{Path: filepath.Join(dir, outboxFile), Now: o.Now, Logger: o.Log})
	if err != nil {
		return nil, err
	}
	media := message.Media{message.Email: outbox, message.SMS: outbox}
	smtp := o.Config.SMTP
	if smtp == nil {
		return media, nil
	}
	host, portText, err := net.SplitHostPort(smtp.Address)
	if err != nil {
		return nil, fmt.Errorf("smtp: %w", err)
	}
	port, err := strconv.Atoi(portText)
	if err != nil {
		return nil, fmt.Errorf("smtp: %q is not a port", portText)
	}
	media[message.Email], err = message.NewSMTP(message.SMTPOptions{Host: host, Port: port, TLS: tlsModes[smtp.TLS],
		Username: smtp.Username, Password: seal.NewSecret(smtp.Password), From: smtp.From,
		Timeout: time.Duration(smtp.Timeout)})
	return media, err
}
