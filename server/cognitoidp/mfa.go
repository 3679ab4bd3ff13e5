package cognitoidp

import (
	"context"

	"github.com/sluicegate/sluice/api"
	wire "github.com/sluicegate/sluice/api/cognitoidp"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/server/rpc"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/directory"
	"github.com/sluicegate/sluice/userpool/factors"
)

// mfaOperations are the operations on second factors.
func (s *server) mfaOperations() rpc.Registry {
	return rpc.Registry{
		"AdminDeleteSoftwareToken":  rpc.Handle(s.adminDeleteSoftwareToken),
		"AdminSetUserMFAPreference": rpc.Handle(s.adminSetUserMFAPreference),
		"AdminSetUserSettings":      rpc.Handle(s.adminSetUserSettings),
		"AssociateSoftwareToken":    rpc.Handle(s.associateSoftwareToken),
		"GetUserPoolMfaConfig":      rpc.Handle(s.getUserPoolMfaConfig),
		"SetUserMFAPreference":      rpc.Handle(s.setUserMFAPreference),
		"SetUserPoolMfaConfig":      rpc.Handle(s.setUserPoolMfaConfig),
		"SetUserSettings":           rpc.Handle(s.setUserSettings),
		"VerifySoftwareToken":       rpc.Handle(s.verifySoftwareToken),
	}
}

func (s *server) associateSoftwareToken(ctx context.Context, _ *rpc.Call, in *wire.AssociateSoftwareTokenRequest) (*wire.AssociateSoftwareTokenResponse, error) {
	access, session, err := tokenOrSession(in.AccessToken, in.Session)
	if err != nil {
		return nil, err
	}
	if access != "" {
		secret, err := s.factors.AssociateSoftwareToken(ctx, access)
		if err != nil {
			return nil, err
		}
		return &wire.AssociateSoftwareTokenResponse{SecretCode: &secret}, nil
	}
	secret, next, err := s.signIns.AssociateSoftwareToken(ctx, session)
	if err != nil {
		return nil, err
	}
	return &wire.AssociateSoftwareTokenResponse{SecretCode: &secret, Session: &next}, nil
}

func (s *server) verifySoftwareToken(ctx context.Context, _ *rpc.Call, in *wire.VerifySoftwareTokenRequest) (*wire.VerifySoftwareTokenResponse, error) {
	access, session, err := tokenOrSession(in.AccessToken, in.Session)
	if err != nil {
		return nil, err
	}
	out := &wire.VerifySoftwareTokenResponse{Status: new("SUCCESS")}
	if access != "" {
		if err := s.factors.VerifySoftwareToken(ctx, access, api.Value(in.UserCode), api.Value(in.FriendlyDeviceName)); err != nil {
			return nil, err
		}
		return out, nil
	}
	next, err := s.signIns.VerifySoftwareToken(ctx, session, api.Value(in.UserCode), api.Value(in.FriendlyDeviceName))
	if err != nil {
		return nil, err
	}
	out.Session = &next
	return out, nil
}

// tokenOrSession returns the access token, or the session if there is no token.
func tokenOrSession(access, session *string) (string, string, error) {
	switch a, s := api.Value(access), api.Value(session); {
	case a != "" && s != "":
		return "", "", fault.New(fault.InvalidParameter, "Only one of AccessToken and Session can be given.")
	case a == "" && s == "":
		return "", "", fault.New(fault.InvalidParameter, "Either AccessToken or Session is required.")
	default:
		return a, s, nil
	}
}

func (s *server) setUserMFAPreference(ctx context.Context, _ *rpc.Call, in *wire.SetUserMFAPreferenceRequest) (*wire.SetUserMFAPreferenceResponse, error) {
	return nil, s.factors.SetUserMFAPreference(ctx, api.Value(in.AccessToken),
		preferenceIn(in.SMSMfaSettings, in.SoftwareTokenMfaSettings, in.EmailMfaSettings, in.WebAuthnMfaSettings))
}

func (s *server) adminSetUserMFAPreference(ctx context.Context, _ *rpc.Call, in *wire.AdminSetUserMFAPreferenceRequest) (*wire.AdminSetUserMFAPreferenceResponse, error) {
	return nil, s.factors.AdminSetUserMFAPreference(ctx, api.Value(in.UserPoolId), api.Value(in.Username),
		preferenceIn(in.SMSMfaSettings, in.SoftwareTokenMfaSettings, in.EmailMfaSettings, in.WebAuthnMfaSettings))
}

func preferenceIn(sms *wire.SMSMfaSettingsType, token *wire.SoftwareTokenMfaSettingsType, email *wire.EmailMfaSettingsType, passkey *wire.WebAuthnMfaSettingsType) factors.Preference {
	var p factors.Preference
	if sms != nil {
		p.SMS = &factors.Setting{Enabled: api.Value(sms.Enabled), Preferred: api.Value(sms.PreferredMfa)}
	}
	if token != nil {
		p.Token = &factors.Setting{Enabled: api.Value(token.Enabled), Preferred: api.Value(token.PreferredMfa)}
	}
	if email != nil {
		p.Email = &factors.Setting{Enabled: api.Value(email.Enabled), Preferred: api.Value(email.PreferredMfa)}
	}
	if passkey != nil {
		p.WebAuthn = passkey.Enabled
	}
	return p
}

func (s *server) setUserSettings(ctx context.Context, _ *rpc.Call, in *wire.SetUserSettingsRequest) (*wire.SetUserSettingsResponse, error) {
	return nil, s.factors.SetUserSettings(ctx, api.Value(in.AccessToken), optionsIn(in.MFAOptions))
}

func (s *server) adminSetUserSettings(ctx context.Context, _ *rpc.Call, in *wire.AdminSetUserSettingsRequest) (*wire.AdminSetUserSettingsResponse, error) {
	return nil, s.factors.AdminSetUserSettings(ctx, api.Value(in.UserPoolId), api.Value(in.Username), optionsIn(in.MFAOptions))
}

func optionsIn(list []wire.MFAOptionType) (out []factors.Option) {
	for _, o := range list {
		out = append(out, factors.Option{Medium: api.Value(o.DeliveryMedium), Attribute: api.Value(o.AttributeName)})
	}
	return out
}

func (s *server) adminDeleteSoftwareToken(ctx context.Context, _ *rpc.Call, in *wire.AdminDeleteSoftwareTokenRequest) (*wire.AdminDeleteSoftwareTokenResponse, error) {
	return nil, s.factors.AdminDeleteSoftwareToken(ctx, api.Value(in.UserPoolId), api.Value(in.Username))
}

// userMFA is what GetUser and AdminGetUser say about a user's second factors. Members without a value are absent, as in AWS.
type userMFA struct {
	list      []string
	preferred *string
	options   []wire.MFAOptionType
}

func userMFAOut(u *directory.User) (userMFA, error) {
	m, err := userpool.ParseMFA(u.MFA)
	if err != nil {
		return userMFA{}, err
	}
	out := userMFA{list: m.List()}
	if m.Preferred != "" {
		out.preferred = &m.Preferred
	}
	if m.Legacy && m.SMS {
		out.options = []wire.MFAOptionType{{DeliveryMedium: new("SMS"), AttributeName: new("phone_number")}}
	}
	return out, nil
}
