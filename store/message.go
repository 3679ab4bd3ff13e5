package store

import "time"

// Message is a message that waits to be sent.
type Message struct {
	ID        string    // random
	PoolID    string    // of the user pool that sends it
	Topic     []byte    // what the message is about; package message/queue defines it; a pool has one message for each topic
	Origin    []byte    // who caused it; package message/queue defines it
	Lane      string    // who carries it; package message/queue defines it
	Sealed    []byte    // address and text
	Attempts  int       // how often a process took it
	CreatedAt time.Time // when Send could not send it at once
	DueAt     time.Time // when to try; while a process tries, the end of its lease
	ExpiresAt time.Time // when to give up
}

// Messages keeps messages that wait. There is no List: only the process that has taken a message reads it.
type Messages interface {
	Put(Message) error          // replaces the message with the same pool and topic; ErrNotFound without the pool
	Count() (int, error)        // of all messages
	Delete(id string) error     // no error if there is none
	Trim(keep int) (int, error) // deletes all but keep messages, see below; returns how many

	Lanes() ([]string, error)            // of all messages, sorted
	Next(lane string) (time.Time, error) // the earliest DueAt in the lane; ErrNotFound if no message waits there

	// Take returns up to limit messages of the lane that are due, the one that is due first coming first. It counts an attempt
	// and sets DueAt to until, so that no other process takes them before. The records are as written.
	Take(lane string, now, until time.Time, limit int) ([]Message, error)

	// Retry sets DueAt of a message that was taken until lease. It returns ErrNotFound if the message was replaced or
	// deleted, or if another process took it after the lease had ended.
	Retry(id string, lease, due time.Time) error
}

// Trim keeps the newest message of each origin before the second newest of any, and alike for pools, so that a flood from one
// origin or in one pool deletes its own messages.
