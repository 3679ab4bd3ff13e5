// Package carriers makes the senders of e-mail and SMS messages from the settings.
//
// It does not queue messages (message/queue).
package carriers
