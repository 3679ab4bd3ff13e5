// Package message sends one-time codes and invitations.
//
// It sends a message by SMTP, or appends it to an outbox file if no mail server is configured, so that a machine without one
// works. Only the outbox file contains the codes; the log says that a message was written, but not its text.
//
// Package userpool makes the text and the codes, and decides who may receive messages and how often. Its callers decide what to
// tell a client when delivery fails.
//
// Sources: RFC 5321 and RFC 5322, as implemented by github.com/wneessen/go-mail; JSON lines for the outbox.
package message
