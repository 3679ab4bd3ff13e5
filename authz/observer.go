package authz

// Observer is told about every request, for metrics. It is called on the request's path, from many goroutines, and must
// not block.
type Observer interface {
	// Authorized is called once for each request. reason is the refusal's, "" for none; scheme is Result.Scheme; cached
	// says whether the credential was known already.
	Authorized(outcome Outcome, reason, scheme string, cached bool)
}

type noObserver struct{}

func (noObserver) Authorized(Outcome, string, string, bool) {}
