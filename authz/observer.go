package authz

// Observer counts requests. The engine calls it for every request, from many goroutines; it must not block.
type Observer interface {
	// Authorized is called once for each request. reason is Refusal.Name, "" for a request that is allowed; scheme is
	// Result.Scheme; cached reports whether the credential was in a cache.
	Authorized(outcome Outcome, reason, scheme string, cached bool)
}

type noObserver struct{}

func (noObserver) Authorized(Outcome, string, string, bool) {}
