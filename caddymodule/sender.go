package caddymodule

import (
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"strconv"
	"time"

	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/message"
	"github.com/sluicegate/sluice/seal"
)

// outboxFile holds what could not be sent for want of a carrier: mail without a server, and every SMS.
const outboxFile = "outbox.jsonl"

// tlsModes spells the Caddyfile's words as the message package does.
var tlsModes = map[string]message.TLSMode{"starttls": message.StartTLS, "implicit": message.Implicit, "none": message.Plain}

// newSender makes what carries codes and invitations.
func newSender(app *config.App, dir string, log *slog.Logger) (message.Sender, error) {
	outbox, err := message.NewOutbox(message.OutboxOptions{Path: filepath.Join(dir, outboxFile), Now: time.Now, Logger: log})
	if err != nil {
		return nil, err
	}
	media := message.Media{message.Email: outbox, message.SMS: outbox}
	if app.SMTP == nil {
		return media, nil
	}
	host, portText, err := net.SplitHostPort(app.SMTP.Address)
	if err != nil {
		return nil, fmt.Errorf("smtp: %w", err)
	}
	port, err := strconv.Atoi(portText)
	if err != nil {
		return nil, fmt.Errorf("smtp: %q is not a port", portText)
	}
	media[message.Email], err = message.NewSMTP(message.SMTPOptions{Host: host, Port: port, TLS: tlsModes[app.SMTP.TLS],
		Username: app.SMTP.Username, Password: seal.NewSecret(app.SMTP.Password), From: app.SMTP.From,
		Timeout: time.Duration(app.SMTP.Timeout)})
	return media, err
}
