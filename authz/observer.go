package authz

import "time"

// Observer counts requests. The engine calls it for every request, from many goroutines; it must not block.
type Observer interface {
	// Authorized is called once for each request. reason is Refusal.Name, "" for a request that is allowed; scheme is
	// Result.Scheme; cached reports whether the credential was in a cache.
	Authorized(outcome Outcome, reason, scheme string, cached bool)
}

// Timer is an Observer that also receives the duration of decisions, for about one request in TimedOf.
type Timer interface {
	Took(outcome Outcome, d time.Duration)
}

// TimedOf is how many requests there are for each timed one, so that timing costs little on average.
const TimedOf = 16

type noObserver struct{}

func (noObserver) Authorized(Outcome, string, string, bool) {}
