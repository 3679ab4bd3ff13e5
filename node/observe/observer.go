package observe

import (
	"time"

	"github.com/sluicegate/sluice/authz"
	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/health"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/directory"
	"github.com/sluicegate/sluice/userpool/providers"
)

// Observer counts the events of a node that are about its own process. All methods are called from many goroutines and must return at once.
type Observer interface {
	token.Observer

	// SignIn counts a step of a sign-in to a user pool; result is "ok", "challenge" or a fault kind.
	SignIn(poolID, flow, result string)
	// FederatedSignIn counts a sign-in through an identity provider by the type of the provider; see package userpool/federation.
	FederatedSignIn(t providers.Type, result string)
	// Relayed counts passwords that old user pools were asked for; Elsewhere is called with the numbers of users whose password is
	// still there, by pool. See package userpool/relay.
	Relayed(result string)
	Elsewhere(numbers map[string]int)
	// Sessions is called with the numbers of sessions that are live in the store.
	Sessions(Sessions)
	directory.HashObserver
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
	// LogRecord counts the records that user pools deliver; see package userpool/logs.
	LogRecord(result string)

	// Happened is called with what happened to users of pools, and to signing keys: PoolID may also be identitypool.KeyOwner or MasterKey.
	Happened(userpool.Event)

	// HealthChecked is called for each check of the node about every 15 seconds; see package health.
	HealthChecked(check string, level health.Level)

	// Gate returns the observer of a gate of a route. With shadow, refused requests pass.
	Gate(route string, shadow bool) authz.Observer
	// CacheOpened and CacheClosed bracket the life of a cache of verified tokens.
	CacheOpened(*token.Cache[*authz.Subject])
	CacheClosed(*token.Cache[*authz.Subject])
}

// MasterKey is the PoolID of events about master keys.
const MasterKey = "master"

// KeyRotated returns what calls Happened with signing keys.
func KeyRotated(o Observer) func(store.SigningKey) {
	return func(k store.SigningKey) {
		o.Happened(userpool.Event{Kind: userpool.KeyRotated, PoolID: k.Owner, KeyID: k.ID, Use: k.Use})
	}
}

// MasterKeyMade returns what calls Happened with master keys.
func MasterKeyMade(o Observer) func(id string) {
	return func(id string) {
		o.Happened(userpool.Event{Kind: userpool.KeyRotated, PoolID: MasterKey, KeyID: id, Use: "sealing"})
	}
}

// StoreResealed returns what calls Happened when everything in the store is sealed with the master key.
func StoreResealed(o Observer) func(id string, values int) {
	return func(id string, values int) {
		o.Happened(userpool.Event{Kind: userpool.StoreResealed, PoolID: MasterKey, KeyID: id, Values: values})
	}
}

// NoObserver counts nothing.
type NoObserver struct{ token.NoObserver }

// SignIn implements Observer.
func (NoObserver) SignIn(_, _, _ string) {}

// FederatedSignIn implements Observer.
func (NoObserver) FederatedSignIn(providers.Type, string) {}

// Relayed implements Observer.
func (NoObserver) Relayed(string) {}

// Elsewhere implements Observer.
func (NoObserver) Elsewhere(map[string]int) {}

// Sessions implements Observer.
func (NoObserver) Sessions(Sessions) {}

// HashQueued implements Observer.
func (NoObserver) HashQueued(string, int) {}

// HashBegan implements Observer.
func (NoObserver) HashBegan(string, time.Duration, error) {}

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

// LogRecord implements Observer.
func (NoObserver) LogRecord(string) {}

// Happened implements Observer.
func (NoObserver) Happened(userpool.Event) {}

// HealthChecked implements Observer.
func (NoObserver) HealthChecked(string, health.Level) {}

// Gate implements Observer.
func (NoObserver) Gate(string, bool) authz.Observer { return nil }

// CacheOpened implements Observer.
func (NoObserver) CacheOpened(*token.Cache[*authz.Subject]) {}

// CacheClosed implements Observer.
func (NoObserver) CacheClosed(*token.Cache[*authz.Subject]) {}
