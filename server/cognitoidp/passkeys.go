package cognitoidp

import (
	"context"

	"github.com/sluicegate/sluice/api"
	wire "github.com/sluicegate/sluice/api/cognitoidp"
	"github.com/sluicegate/sluice/server/rpc"
)

// maxPasskeyPage is the size of a page of passkeys when the request does not say, or says 0.
const maxPasskeyPage = 20

// passkeyOperations are the operations on the passkeys of the token's user.
func (s *server) passkeyOperations() rpc.Registry {
	return rpc.Registry{
		"CompleteWebAuthnRegistration": rpc.Handle(s.completeWebAuthnRegistration),
		"DeleteWebAuthnCredential":     rpc.Handle(s.deleteWebAuthnCredential),
		"ListWebAuthnCredentials":      rpc.Handle(s.listWebAuthnCredentials),
		"StartWebAuthnRegistration":    rpc.Handle(s.startWebAuthnRegistration),
	}
}

func (s *server) startWebAuthnRegistration(ctx context.Context, _ *rpc.Call, in *wire.StartWebAuthnRegistrationRequest) (*wire.StartWebAuthnRegistrationResponse, error) {
	options, err := s.passkeys.Start(ctx, api.Value(in.AccessToken))
	return &wire.StartWebAuthnRegistrationResponse{CredentialCreationOptions: options}, err
}

func (s *server) completeWebAuthnRegistration(ctx context.Context, _ *rpc.Call, in *wire.CompleteWebAuthnRegistrationRequest) (*wire.CompleteWebAuthnRegistrationResponse, error) {
	return nil, s.passkeys.Complete(ctx, api.Value(in.AccessToken), in.Credential)
}

func (s *server) listWebAuthnCredentials(ctx context.Context, _ *rpc.Call, in *wire.ListWebAuthnCredentialsRequest) (*wire.ListWebAuthnCredentialsResponse, error) {
	after, size, err := s.pageOf(in.NextToken, in.MaxResults, "ListWebAuthnCredentials")
	if err != nil {
		return nil, err
	}
	list, last, err := s.passkeys.List(ctx, api.Value(in.AccessToken), after, min(size, maxPasskeyPage))
	if err != nil {
		return nil, err
	}
	out := &wire.ListWebAuthnCredentialsResponse{Credentials: []wire.WebAuthnCredentialDescription{}}
	for _, p := range list {
		d := wire.WebAuthnCredentialDescription{CredentialId: &p.ID, FriendlyCredentialName: &p.Name, RelyingPartyId: &p.RelyingParty,
			AuthenticatorTransports: append([]string{}, p.Transports...), CreatedAt: api.At(p.CreatedAt)}
		if p.Attachment != "" {
			d.AuthenticatorAttachment = &p.Attachment
		}
		out.Credentials = append(out.Credentials, d)
	}
	out.NextToken, err = s.next(last, "ListWebAuthnCredentials")
	return out, err
}

func (s *server) deleteWebAuthnCredential(ctx context.Context, _ *rpc.Call, in *wire.DeleteWebAuthnCredentialRequest) (*wire.DeleteWebAuthnCredentialResponse, error) {
	return nil, s.passkeys.Delete(ctx, api.Value(in.AccessToken), api.Value(in.CredentialId))
}
