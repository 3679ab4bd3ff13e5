package carriers

import (
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/message"
	"github.com/sluicegate/sluice/seal"
)

// tlsModes translates the Caddyfile's words.
var tlsModes = map[string]message.TLSMode{"starttls": message.StartTLS, "implicit": message.Implicit, "none": message.Plain}

// SMS returns the sender of SMS messages.
func SMS(c *config.SMS, now func() time.Time) (*message.Provider, error) {
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

// SMTP returns the sender of e-mail.
func SMTP(smtp *config.SMTP) (*message.SMTP, error) {
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
