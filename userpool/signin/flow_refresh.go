package signin

import (
	"context"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/tokens"
)

const refreshTokenAuth = "REFRESH_TOKEN_AUTH"

// refreshFlow is REFRESH_TOKEN_AUTH, also called REFRESH_TOKEN. As in AWS, it does not serve a client that rotates refresh
// tokens. SECRET_HASH is computed from the real user name, which the request need not contain.
func refreshFlow(issuer *tokens.Service) *flow {
	return &flow{names: []string{refreshTokenAuth, "REFRESH_TOKEN"}, allow: "ALLOW_REFRESH_TOKEN_AUTH",
		disabled: "Auth flow not enabled for this client", public: true, admin: true,
		required: []string{"REFRESH_TOKEN"}, renew: func(ctx context.Context, a *attempt) (*tokens.Set, error) {
			if a.client.Rotates {
				return nil, fault.New(fault.InvalidParameter, "Auth flow not enabled for this client")
			}
			return issuer.Renew(ctx, tokens.RenewRequest{Pool: a.pool, Client: a.client, RefreshToken: a.params["REFRESH_TOKEN"],
				DeviceKey: a.params["DEVICE_KEY"], Visit: a.client.Visit(a.context),
				Confirm: func(u *store.User) error { return a.checkSecretHash(u.Username) }})
		}}
}

// Renewal is the input of GetTokensFromRefreshToken.
type Renewal struct {
	ClientID     string                 // names the app client, and so the pool
	ClientSecret string                 // "" for a public client
	RefreshToken string                 // as the client has it
	DeviceKey    string                 // of the sign-in's device; "" for none
	Context      userpool.ClientContext // what the call says about its client
}

// GetTokensFromRefreshToken renews tokens, and replaces the refresh token if the client rotates them.
func (m *Machine) GetTokensFromRefreshToken(ctx context.Context, in Renewal) (*tokens.Set, error) {
	a, err := m.newAttempt(ctx, false, "", in.ClientID)
	if err != nil {
		return nil, err
	}
	if !a.client.Rotates && !a.client.Allowed["ALLOW_REFRESH_TOKEN_AUTH"] {
		return nil, fault.New(fault.InvalidParameter, "Auth flow not enabled for this client")
	}
	if err := a.client.CheckSecret(in.ClientSecret); err != nil {
		return nil, err
	}
	a.context, a.state.Flow = in.Context, refreshTokenAuth
	set, err := m.o.Tokens.Renew(ctx, tokens.RenewRequest{Pool: a.pool, Client: a.client, RefreshToken: in.RefreshToken,
		DeviceKey: in.DeviceKey, Metadata: in.Context.Metadata, Visit: a.client.Visit(in.Context)})
	if fault.Is(err, fault.PasswordResetRequired) {
		err = fault.Wrap(fault.NotAuthorized, err, "%s", userpool.ErrResetRequired.Message) // the fault kind that the operation documents
	}
	r, err := m.finish(ctx, a, &outcome{tokens: set}, err)
	if err != nil {
		return nil, err
	}
	return r.Tokens, nil
}
