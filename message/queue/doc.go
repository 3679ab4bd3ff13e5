// Package queue keeps messages that could not be sent at once, and sends them later.
//
// Send tries once and puts the message into the store if the failure is temporary. Put stores a message in its caller's
// transaction. A few workers send what is stored, again and again with growing pauses, until the message is sent, rejected for
// good or expired. Messages survive a crash. Each is leased to one worker, so that several processes can share a store. A message
// may be sent twice: if a process ends, or loses the store, after it sent the message and before it deletes it, and if a carrier took
// the message but did not answer in time (message.ErrUnanswered).
//
// Each carrier has a lane with workers of its own: mail, SMS messages, and each function that sends messages. One that hangs does
// not hold up what others carry.
//
// The store holds the messages sealed. A later message about the same subject replaces an earlier one, whose code is invalid. A full queue
// deletes messages of the origin, and in the pool, that have the most; it refuses none.
//
// It does not make messages (userpool/directory) or know how they travel (message).
package queue
