// Package message hands one-time codes and invitations over to whatever carries them.
//
// What it does: it sends a finished message by SMTP, or appends it to an outbox file when no carrier is configured, so
// that a machine without a mail server works. The outbox is the only place where a code can be read; the log says that a
// message went there and never what it holds.
//
// What it leaves to others: templates, codes, who may be written to and how often (userpool), and what a client is told
// when delivery fails.
//
// Source: RFC 5321 and 5322 through github.com/wneessen/go-mail; JSON lines for the outbox.
package message
