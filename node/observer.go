package node

import (
	"time"

	"github.com/sluicegate/sluice/authz"
	"github.com/sluicegate/sluice/authz/token"
)

// Observer counts the events of a node. All methods are called from many goroutines and must return at once.
type Observer interface {
	token.Observer

	// SignIn counts a step of a sign-in to a user pool; result is "success", "challenge" or a fault kind.
	SignIn(poolID, flow, result string)
	// StoreDone is called after each operation of the store.
	StoreDone(operation string, took time.Duration, err error)
	// OperationDone is called after each call of an API; err is nil for a success.
	OperationDone(service, operation string, err error)
	// CredentialsMinted counts temporary credentials by the operation that made them.
	CredentialsMinted(operation string)

	// FunctionDone is called after each call of a trigger function; err is nil for a success.
	FunctionDone(arn string, took time.Duration, err error)

	// MessageDone counts what happens to codes and invitations; MessagesQueued is called with the number of those that wait. See
	// package message/queue.
	MessageDone(medium, result string)
	MessagesQueued(n int)

	// Gate returns the observer of a gate of a route. With shadow, refused requests pass.
	Gate(route string, shadow bool) authz.Observer
	// CacheOpened and CacheClosed bracket the life of a cache of verified tokens.
	CacheOpened(*token.Cache[*authz.Subject])
	CacheClosed(*token.Cache[*authz.Subject])

	// These are about the connection to Redis; see package store/redis.
	RevocationState(state string)
	RevocationsPublished(n int, again bool)
	RevocationsReceived(n int, lag time.Duration)
	RevocationsQueued(n int)
}

// NoObserver counts nothing.
type NoObserver struct{ token.NoObserver }

// SignIn implements Observer.
func (NoObserver) SignIn(_, _, _ string) {}

// StoreDone implements Observer.
func (NoObserver) StoreDone(string, time.Duration, error) {}

// OperationDone implements Observer.
func (NoObserver) OperationDone(_, _ string, _ error) {}

// CredentialsMinted implements Observer.
func (NoObserver) CredentialsMinted(string) {}

// FunctionDone implements Observer.
func (NoObserver) FunctionDone(string, time.Duration, error) {}

// MessageDone implements Observer.
func (NoObserver) MessageDone(_, _ string) {}

// MessagesQueued implements Observer.
func (NoObserver) MessagesQueued(int) {}

// Gate implements Observer.
func (NoObserver) Gate(string, bool) authz.Observer { return nil }

// CacheOpened implements Observer.
func (NoObserver) CacheOpened(*token.Cache[*authz.Subject]) {}

// CacheClosed implements Observer.
func (NoObserver) CacheClosed(*token.Cache[*authz.Subject]) {}

// RevocationState implements Observer.
func (NoObserver) RevocationState(string) {}

// RevocationsPublished implements Observer.
func (NoObserver) RevocationsPublished(int, bool) {}

// RevocationsReceived implements Observer.
func (NoObserver) RevocationsReceived(int, time.Duration) {}

// RevocationsQueued implements Observer.
func (NoObserver) RevocationsQueued(int) {}
