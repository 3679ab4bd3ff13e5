package cognitoidp

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/sluicegate/sluice/api"
	wire "github.com/sluicegate/sluice/api/cognitoidp"
	"github.com/sluicegate/sluice/server/rpc"
	"github.com/sluicegate/sluice/userpool"
)

func (s *server) setUserPoolMfaConfig(ctx context.Context, _ *rpc.Call, in *wire.SetUserPoolMfaConfigRequest) (*wire.SetUserPoolMfaConfigResponse, error) {
	c := userpool.MFAChange{Configuration: api.Value(in.MfaConfiguration)}
	if in.SmsMfaConfiguration != nil {
		c.SMS = &userpool.SMSMFAConfig{Message: api.Value(in.SmsMfaConfiguration.SmsAuthenticationMessage)}
		if sms := in.SmsMfaConfiguration.SmsConfiguration; sms != nil {
			data, err := json.Marshal(sms)
			if err != nil {
				return nil, fmt.Errorf("cognitoidp: SmsConfiguration: %w", err)
			}
			c.SMS.Configuration = data
		}
	}
	if mail := in.EmailMfaConfiguration; mail != nil {
		c.Email = &userpool.EmailMFAConfig{Message: api.Value(mail.Message), Subject: api.Value(mail.Subject)}
	}
	if t := in.SoftwareTokenMfaConfiguration; t != nil {
		c.Token = &userpool.SoftwareTokenConfig{Enabled: api.Value(t.Enabled)}
	}
	if in.WebAuthnConfiguration != nil {
		c.WebAuthn = &userpool.WebAuthnConfig{}
		if err := convert(in.WebAuthnConfiguration, c.WebAuthn); err != nil {
			return nil, err
		}
	}
	settings, err := s.pools.SetUserPoolMfaConfig(ctx, api.Value(in.UserPoolId), c)
	if err != nil {
		return nil, err
	}
	out, err := mfaConfigOut(settings)
	if err != nil {
		return nil, err
	}
	if out.SoftwareTokenMfaConfiguration == nil {
		out.SoftwareTokenMfaConfiguration = &wire.SoftwareTokenMfaConfigType{Enabled: new(false)}
	}
	return (*wire.SetUserPoolMfaConfigResponse)(out), nil
}

func (s *server) getUserPoolMfaConfig(ctx context.Context, _ *rpc.Call, in *wire.GetUserPoolMfaConfigRequest) (*wire.GetUserPoolMfaConfigResponse, error) {
	p, err := s.pools.Pool(ctx, api.Value(in.UserPoolId))
	if err != nil {
		return nil, err
	}
	return mfaConfigOut(&p.Settings)
}

// mfaConfigOut returns the factors that are configured. A pool that was given none has no members of factors, as in AWS.
func mfaConfigOut(p *userpool.PoolSettings) (*wire.GetUserPoolMfaConfigResponse, error) {
	out := &wire.GetUserPoolMfaConfigResponse{MfaConfiguration: &p.MfaConfiguration}
	if len(p.SmsConfiguration) > 0 {
		out.SmsMfaConfiguration = &wire.SmsMfaConfigType{}
		if err := convert(p.SmsConfiguration, &out.SmsMfaConfiguration.SmsConfiguration); err != nil {
			return nil, err
		}
		if p.SmsAuthenticationMessage != "" {
			out.SmsMfaConfiguration.SmsAuthenticationMessage = &p.SmsAuthenticationMessage
		}
	}
	if mail := p.EmailMfaConfiguration; mail != nil {
		out.EmailMfaConfiguration = &wire.EmailMfaConfigType{}
		if mail.Message != "" {
			out.EmailMfaConfiguration.Message = &mail.Message
		}
		if mail.Subject != "" {
			out.EmailMfaConfiguration.Subject = &mail.Subject
		}
	}
	if w := p.WebAuthnConfiguration; w != nil {
		if err := convert(w, &out.WebAuthnConfiguration); err != nil {
			return nil, err
		}
	}
	if t := p.SoftwareTokenMfaConfiguration; t != nil {
		out.SoftwareTokenMfaConfiguration = &wire.SoftwareTokenMfaConfigType{Enabled: &t.Enabled}
	}
	return out, nil
}
