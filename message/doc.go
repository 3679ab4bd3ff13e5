// Package message sends one-time codes and invitations.
//
// It sends e-mail by SMTP and SMS messages through the HTTP API of a provider. Without a mail server or provider it appends
// messages to an outbox file. Only the outbox file contains the codes; the log says that a message was written, but not its text.
//
// Package userpool makes the text and the codes, and decides who may receive messages and how often. Its callers decide what to
// tell a client when delivery fails.
//
// It tries once. Package message/queue keeps what could not be sent, and tries again.
//
// Sources: RFC 5321 and RFC 5322, as implemented by github.com/wneessen/go-mail; JSON lines for the outbox.
package message
