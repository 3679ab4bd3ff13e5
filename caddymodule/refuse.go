package caddymodule

import (
	"errors"
	"net/http"

	"go.uber.org/zap"

	"github.com/sluicegate/sluice/authz"
	"github.com/sluicegate/sluice/credentials/sigv4"
)

// refuse answers a request that does not pass.
func (a *Authorize) refuse(w http.ResponseWriter, r *http.Request, result *authz.Result) error {
	if a.debugs {
		a.logger.Debug("refused", zap.String("outcome", result.Outcome.String()), zap.String("reason", result.Refusal.Name()),
			zap.String("action", result.Action), zap.String("resource", result.Resource),
			zap.String("decision_id", result.DecisionID))
	}
	return a.refuser.Refuse(w, r, result)
}

// refuseBody answers a request whose body is not the signed one. err is returned as it is if the cause is another, such
// as a client that closed the connection.
func (a *Authorize) refuseBody(w http.ResponseWriter, r *http.Request, result *authz.Result, err error) error {
	if _, ok := errors.AsType[*sigv4.Error](err); !ok {
		return err
	}
	why := authz.RefusalOf(err)
	a.logger.Debug("body refused", zap.String("reason", why.Name()))
	return a.refuse(w, r, &authz.Result{Outcome: authz.Malformed, Refusal: why, Principal: result.Principal, Scheme: result.Scheme})
}
