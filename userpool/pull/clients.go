package pull

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/seal"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/relay"
	"github.com/sluicegate/sluice/userpool/removals"
)

// clients makes or updates the app clients, with their ids and secrets, and chooses the one that is asked for passwords.
func (s *Service) clients(ctx context.Context) error {
	var all []types.UserPoolClientType
	pages := cip.NewListUserPoolClientsPaginator(s.o.Source, &cip.ListUserPoolClientsInput{UserPoolId: &s.in.PoolID, MaxResults: new(int32(60))})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("listing the app clients: %w", err)
		}
		for _, c := range page.UserPoolClients {
			out, err := s.o.Source.DescribeUserPoolClient(ctx, &cip.DescribeUserPoolClientInput{UserPoolId: &s.in.PoolID, ClientId: c.ClientId})
			if err != nil {
				return fmt.Errorf("reading app client %s: %w", *c.ClientId, err)
			}
			all = append(all, *out.UserPoolClient)
			err = s.client(ctx, out.UserPoolClient)
			if err == nil {
				s.report.Clients++
			} else if err := s.passOver("app client "+*c.ClientId, err); err != nil {
				return err
			}
		}
	}
	return s.chooseRelay(ctx, all)
}

func (s *Service) client(ctx context.Context, c *types.UserPoolClientType) error {
	doc, err := document(c)
	if err != nil {
		return err
	}
	if s.source.UserPoolAddOns != nil && s.source.UserPoolAddOns.AdvancedSecurityMode != "OFF" {
		own, err := s.risk(ctx, c.ClientId)
		if err := s.optional("the risk configuration of an app client", err); err != nil {
			return err
		}
		if own != nil {
			doc["RiskConfiguration"] = own
		}
	}
	settings, err := parsed(doc, func(data json.RawMessage) (userpool.ClientSettings, error) {
		settings, _, _, err := userpool.ParseClientSettings(data)
		return settings, err
	})
	if err != nil {
		return err
	}
	if err := s.secrets(ctx, c); err != nil {
		return err
	}
	var secret seal.Secret
	if c.ClientSecret != nil {
		secret = seal.NewSecret(*c.ClientSecret)
	}
	settings, leftOut, err := s.present(ctx, *c.ClientId, settings)
	if err != nil {
		return err
	}
	if err := s.putClient(ctx, c, secret, settings); err != nil {
		return err
	}
	s.remember(*c.ClientId, leftOut) // not earlier: what a client that is passed over still lacks is known to the next pull
	return nil
}

// putClient makes a client, or updates it.
func (s *Service) putClient(ctx context.Context, c *types.UserPoolClientType, secret seal.Secret, settings userpool.ClientSettings) error {
	pools := s.o.Provider.Pools
	have, err := pools.Client(ctx, *c.ClientId)
	switch {
	case fault.Is(err, fault.ResourceNotFound):
		if gone, err := s.removed(ctx, removals.Client(*c.ClientId), "app client "+*c.ClientId); gone || err != nil {
			return err
		}
		_, err = pools.InsertClient(ctx, store.Client{PoolID: s.in.PoolID, ID: *c.ClientId, Name: *c.ClientName}, secret, settings)
		return err
	case err != nil:
		return err
	case have.PoolID != s.in.PoolID:
		return fmt.Errorf("another user pool here, %s, has an app client with this id", have.PoolID)
	case !isNewer(c.LastModifiedDate, have.ModifiedAt):
		return s.complete(ctx, have, s.record.LeftOut[have.ID], settings.SupportedIdentityProviders)
	case !secret.IsZero() && !have.HasSecret(secret.Reveal()):
		if err := pools.ReplaceSecret(ctx, s.in.PoolID, have.ID, secret); err != nil {
			return err
		}
	}
	_, err = pools.ChangeClient(ctx, s.in.PoolID, have.ID, *c.ClientName, func(old *userpool.ClientSettings) userpool.ClientSettings {
		next := settings
		next.OAuth = old.OAuth // what AWS does not have: without its keys, the client would be public
		next.SSOSession = cmp.Or(next.SSOSession, old.SSOSession)
		return next
	})
	return err
}

// chooseRelay decides how the old pool is asked for passwords: by ADMIN_USER_PASSWORD_AUTH if there is an access key for it, by
// USER_PASSWORD_AUTH in one request, or by USER_SRP_AUTH in two.
func (s *Service) chooseRelay(ctx context.Context, all []types.UserPoolClientType) error {
	s.record.Client = nil
	if s.in.NoRelay {
		s.report.note("passwords: the relay is off; users set a new password with ForgotPassword")
		return s.save(ctx)
	}
	rank := map[string]int{relay.AdminFlow: 0, relay.PasswordFlow: 1, relay.SRPFlow: 2} // the first only with an access key
	for _, c := range all {
		if s.in.RelayClient != "" && *c.ClientId != s.in.RelayClient {
			continue
		}
		for _, f := range s.flows(c.ExplicitAuthFlows) {
			if s.record.Client == nil || rank[f] < rank[s.record.Client.Flow] {
				s.record.Client = &relay.Client{ID: *c.ClientId, Flow: f}
				if c.ClientSecret != nil {
					s.record.Client.Secret = *c.ClientSecret
				}
			}
		}
	}
	c := s.record.Client
	switch {
	case c == nil && s.in.RelayClient != "":
		return fmt.Errorf("app client %s cannot be asked for passwords: it must exist and allow ALLOW_USER_PASSWORD_AUTH or ALLOW_USER_SRP_AUTH; with an access key that may call AdminInitiateAuth and --relay-admin, ALLOW_ADMIN_USER_PASSWORD_AUTH is enough", s.in.RelayClient)
	case c == nil:
		s.report.note("passwords: no app client allows ALLOW_USER_PASSWORD_AUTH or ALLOW_USER_SRP_AUTH; add one to the old pool and pull again, or users set a new password with ForgotPassword")
		return s.save(ctx)
	case c.Flow == relay.AdminFlow:
		c.Credentials = s.in.Credentials
	}
	s.report.Relay = &RelayChoice{c.ID, c.Flow}
	return s.save(ctx)
}

// flows returns the flows by which a client can be asked.
func (s *Service) flows(allowed []types.ExplicitAuthFlowsType) (list []string) {
	has := func(names ...types.ExplicitAuthFlowsType) bool {
		return slices.ContainsFunc(names, func(n types.ExplicitAuthFlowsType) bool { return slices.Contains(allowed, n) })
	}
	if has("ALLOW_USER_PASSWORD_AUTH", "USER_PASSWORD_AUTH") {
		list = append(list, relay.PasswordFlow)
	}
	if has("ALLOW_USER_SRP_AUTH") || len(allowed) == 0 { // AWS: a client without flows allows SRP
		list = append(list, relay.SRPFlow)
	}
	if s.in.Credentials != nil && has("ALLOW_ADMIN_USER_PASSWORD_AUTH", "ADMIN_NO_SRP_AUTH") {
		list = append(list, relay.AdminFlow)
	}
	return list
}

// value returns what p points to, or the zero value.
func value[T cmp.Ordered](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}
