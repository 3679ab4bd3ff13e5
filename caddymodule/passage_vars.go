package caddymodule

import (
	"net/http"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/sluicegate/sluice/authz"
	"github.com/sluicegate/sluice/node"
)

// passage is a request that passed a gate. It provides the values of Caddy's placeholders.
type passage struct {
	node.Passage
	vars  map[string]any // Caddy's, of this request; nil outside of Caddy
	asked bool           // a gate was only asked: the request is still the client's, and not the one that was decided on
}

// serve sets the placeholders and calls the next handler.
func (p *passage) serve(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	repl := r.Context().Value(caddy.ReplacerCtxKey).(*caddy.Replacer)
	p.answer(repl)
	p.setVars()
	return p.Serve(w, r, repl, next)
}

// answer makes p the source of {http.auth.user.*}, also behind a handler that has set them for the user that it authenticated.
func (p *passage) answer(repl *caddy.Replacer) {
	if _, set := repl.Get("http.auth.user.id"); set {
		for _, key := range node.UserKeys {
			repl.Delete("http.auth.user." + key)
		}
	}
	repl.Map(p.Lookup)
}

// Lookup answers {http.auth.user.*}; it is a caddy.ReplacerFunc.
func (p *passage) Lookup(key string) (any, bool) {
	const user = "http.auth.user."
	if len(key) <= len(user) || key[:len(user)] != user {
		return nil, false
	}
	if latest, ok := p.vars["sluice.outcome"].(outcomeVar); ok {
		p = latest.passage // the request has passed another gate since, but Caddy calls the function of the first
	}
	value, ok := node.UserValue(p.Result.Principal, key[len(user):])
	return value, ok
}

// setVars sets {http.vars.sluice.*}. Caddy resolves that prefix itself, so the values must be set in advance. Each value is the
// passage converted to another type, which does not allocate. There are few of them, because a ninth variable would make
// Caddy's map grow, and Caddy sets two or three.
func (p *passage) setVars() {
	vars := p.vars
	if vars == nil {
		return
	}
	vars["sluice.outcome"] = outcomeVar{p}
	vars["sluice.scheme"] = schemeVar{p}
	vars["sluice.action"] = actionVar{p}
	vars["sluice.resource"] = resourceVar{p}
	setRefusal(vars, &p.Result)
}

// setRefusal sets the variables of requests that are refused, or would be without shadow mode.
func setRefusal(vars map[string]any, result *authz.Result) {
	if result.Refusal == nil {
		delete(vars, "sluice.decision_id") // of a gate before this one
		delete(vars, "sluice.reason")
		return
	}
	vars["sluice.reason"] = result.Refusal.Name()
	if result.DecisionID != "" {
		vars["sluice.decision_id"] = result.DecisionID
	} else {
		delete(vars, "sluice.decision_id")
	}
}

// setRefused sets the variables of a request that does not pass, for log_append and error routes, and the user for the access
// log.
func setRefused(r *http.Request, vars map[string]any, result *authz.Result) {
	setCandidate(r, vars, result)
	if repl, ok := r.Context().Value(caddy.ReplacerCtxKey).(*caddy.Replacer); ok && vars != nil && result.Refusal != nil && node.UserName(result.Principal) != "" {
		id, _ := node.UserValue(result.Principal, "id")
		repl.Set("http.auth.user.id", id)
	}
}

// setCandidate sets the variables of a request that a gate does not let pass, which another route may serve. The user is
// {http.auth.candidate.*}, as Caddy names one who is not authenticated.
func setCandidate(r *http.Request, vars map[string]any, result *authz.Result) {
	if vars == nil || result.Refusal == nil {
		return
	}
	vars["sluice.outcome"] = result.Outcome.String()
	setRefusal(vars, result)
	if name := node.UserName(result.Principal); name != "" {
		vars["sluice.user"] = name
		if repl, ok := r.Context().Value(caddy.ReplacerCtxKey).(*caddy.Replacer); ok {
			for _, key := range [...]string{"id", "username"} {
				value, _ := node.UserValue(result.Principal, key)
				repl.Set("http.auth.candidate."+key, value)
			}
		}
	}
	if result.Action != "" {
		vars["sluice.action"], vars["sluice.resource"] = result.Action, result.Resource
	}
}

type (
	outcomeVar  struct{ *passage }
	schemeVar   struct{ *passage }
	actionVar   struct{ *passage }
	resourceVar struct{ *passage }
)

// String implements fmt.Stringer.
func (v outcomeVar) String() string { return v.Result.Outcome.String() }

// String implements fmt.Stringer.
func (v schemeVar) String() string { return v.Result.Scheme }

// String implements fmt.Stringer.
func (v actionVar) String() string { return v.Result.Action }

// String implements fmt.Stringer.
func (v resourceVar) String() string { return v.Result.Resource }

// passageOf returns the passage of the request; false if no gate has passed it on.
func passageOf(r *http.Request) (*passage, bool) {
	v, ok := caddyhttp.GetVar(r.Context(), "sluice.outcome").(outcomeVar)
	return v.passage, ok && !v.asked
}
