package caddymodule

import (
	"crypto/rand"
	"log/slog"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/sluicegate/sluice/api/cognitoidentity"
	"github.com/sluicegate/sluice/api/cognitoidp"
	"github.com/sluicegate/sluice/api/iam"
	"github.com/sluicegate/sluice/api/sts"
	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/server/awsjson"
	"github.com/sluicegate/sluice/server/caller"
	identityserver "github.com/sluicegate/sluice/server/cognitoidentity"
	idpserver "github.com/sluicegate/sluice/server/cognitoidp"
	iamserver "github.com/sluicegate/sluice/server/iam"
	"github.com/sluicegate/sluice/server/oidc"
	"github.com/sluicegate/sluice/server/query"
	"github.com/sluicegate/sluice/server/rpc"
	stsserver "github.com/sluicegate/sluice/server/sts"
	"github.com/sluicegate/sluice/throttle"
)

// apis are the wires that one listener serves.
type apis struct {
	json, query     http.Handler
	pools           http.Handler // discovery and keys of user pools
	discovery, keys http.Handler // of the identity pools' own tokens
}

func newAPIs(rt *runtime, app *config.App, log *slog.Logger, m *metrics) (*apis, error) {
	gate, err := caller.New(caller.Options{IAM: rt.roles, Minter: rt.minter, Region: app.Region, Now: time.Now, Resources: resources{rt},
		ClientIP: clientIP, Revoked: rt.revocations.sessionRevoked})
	if err != nil {
		return nil, err
	}
	admit, err := admission(app.RateLimit)
	if err != nil {
		return nil, err
	}
	a := new(apis)
	a.json, err = awsjson.New(awsjson.Config{Authorizer: gate, Log: log, Rand: rand.Reader, APIs: []rpc.API{
		{Service: &cognitoidp.API, Registry: idpserver.Registry(idpserver.Options{Provider: rt.users, ClientIP: clientIP}), Admit: admit, Done: m.operationDone},
		{Service: &cognitoidentity.API, Registry: identityserver.Registry(identityserver.Options{Pools: rt.identities,
			ClientIP: clientIP, Minted: m.credentialsMinted}), Admit: admit, Done: m.operationDone},
	}})
	if err != nil {
		return nil, err
	}
	a.query, err = query.New(query.Config{Authorizer: gate, Log: log, Rand: rand.Reader, APIs: []rpc.API{
		{Service: &sts.API, Registry: stsserver.Registry(stsserver.Options{IAM: rt.roles, ClientIP: clientIP, Minted: m.credentialsMinted}), Admit: admit, Done: m.operationDone},
		{Service: &iam.API, Registry: iamserver.Registry(rt.roles), Admit: admit, Done: m.operationDone},
	}})
	if err != nil {
		return nil, err
	}
	if a.pools, err = oidc.New(oidc.Options{Pools: rt.users.Pools, PublicURL: app.PublicURL, Log: log}); err != nil {
		return nil, err
	}
	a.keys = identityserver.Keys(rt.identities, log)
	a.discovery, err = identityserver.Discovery(app.PublicURL, log)
	return a, err
}

// admission bounds how often a client address may call what needs no signature. This machine's own addresses, and a Unix
// socket's lack of one, are those of who runs it, or of a proxy that Caddy has not been told to trust: one limit for all its
// clients would only help who wants to keep them out.
func admission(limit *config.RateLimit) (func(*http.Request) error, error) {
	if limit.Off {
		return nil, nil
	}
	table, err := throttle.New(throttle.Options{Rate: limit.PerSecond, Burst: limit.Burst, Now: time.Now})
	if err != nil {
		return nil, err
	}
	return func(r *http.Request) error {
		from := clientIP(r).Unmap()
		if !from.IsValid() || from.IsLoopback() || table.Allow(from) {
			return nil
		}
		return fault.New(fault.TooManyRequests, "Rate exceeded")
	}, nil
}

// find returns what serves the request, nil when it is nothing of Sluice's.
func (a *apis) find(r *http.Request) http.Handler {
	path := r.URL.Path
	switch {
	case r.Header.Get("X-Amz-Target") != "", path == "/" && r.Method == http.MethodOptions:
		return a.json
	case path == "/" && isForm(r), path == "/" && r.URL.Query().Has("Action"):
		return a.query
	case path == "/" && r.Method == http.MethodPost:
		return a.json // it says what is wrong
	case path == identityserver.DiscoveryPath:
		return a.discovery
	case path == identityserver.KeysPath:
		return a.keys
	case strings.Contains(path, "/.well-known/"):
		return a.pools
	}
	return nil
}

func isForm(r *http.Request) bool {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && kind == "application/x-www-form-urlencoded"
}
