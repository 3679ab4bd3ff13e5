package caddymodule

import (
	"errors"
	"net/http"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/sluicegate/sluice/authz"
	"github.com/sluicegate/sluice/node"
)

// errorRoute returns the routes of handle_errors, or nil if the server has none. They see a refusal as any other error of
// Caddy, with the placeholders {http.error.*}. If none of them answers, the gate does.
func errorRoute(r *http.Request) node.ErrorRoute {
	ctx := r.Context()
	server, _ := ctx.Value(caddyhttp.ServerCtxKey).(*caddyhttp.Server)
	if server == nil || server.Errors == nil || len(server.Errors.Routes) == 0 {
		return nil
	}
	if ctx.Value(caddyhttp.ErrorCtxKey) != nil { // a gate in handle_errors
		return nil
	}
	return func(w http.ResponseWriter, r *http.Request, status int, message, id string, otherwise node.Handler) error {
		err := caddyhttp.Error(status, errors.New(message))
		if id != "" {
			err.ID = id // sluice explain takes it
		}
		if vars, ok := ctx.Value(caddyhttp.VarsCtxKey).(map[string]any); ok {
			if v, passed := vars["sluice.outcome"].(outcomeVar); passed {
				vars["sluice.outcome"] = v.Result.Outcome.String() // shadow mode has let it pass
				if v.Result.Outcome == authz.Allowed {             // but then its body was not the signed one
					vars["sluice.outcome"] = authz.Malformed.String()
				}
			}
		}
		return server.Errors.Routes.Compile(otherwise).ServeHTTP(w, server.Errors.WithError(r, err))
	}
}
