package directory

import (
	"context"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/triggers"
)

// lambdaCall describes an operation of the directory for its triggers. c is nil for an administrator's operation.
func lambdaCall(p *userpool.Pool, c *userpool.Client, u *store.User, context userpool.ClientContext) triggers.Call {
	return triggers.Call{Pool: p, Client: c, User: u, Metadata: context.Metadata}
}

// preSignUp runs PreSignUp for a user who signs up, and applies its decision to the record. It returns the addresses that the
// function verified.
func (s *Service) preSignUp(ctx context.Context, p *userpool.Pool, c *userpool.Client, u *store.User, in *SignUpInput) (verified []string, err error) {
	d, err := s.o.Triggers.PreSignUp(ctx, lambdaCall(p, c, u, in.Context), triggers.SignUp, attributeMap(in.Validation))
	if err != nil {
		return nil, err
	}
	if d.Confirm {
		u.Status = userpool.StatusConfirmed
	}
	for _, v := range []struct {
		attribute, member string
		verify            bool
	}{{"email", "autoVerifyEmail", d.VerifyEmail}, {"phone_number", "autoVerifyPhone", d.VerifyPhone}} {
		switch {
		case !v.verify && u.Attributes[v.attribute] == "":
		case !v.verify:
			u.Attributes[v.attribute+"_verified"] = "false"
		case u.Attributes[v.attribute] == "":
			return nil, fault.New(fault.InvalidLambdaResponse, "PreSignUp returned %s for a user without %s.", v.member, v.attribute)
		default:
			u.Attributes[v.attribute+"_verified"] = "true"
			verified = append(verified, v.attribute)
		}
	}
	p.SetNames(u)
	return verified, nil
}

// attributeMap returns ValidationData as events have it; nil for none.
func attributeMap(attrs []userpool.Attribute) map[string]string {
	if len(attrs) == 0 {
		return nil
	}
	m := make(map[string]string, len(attrs))
	for _, a := range attrs {
		m[a.Name] = a.Value
	}
	return m
}

// Confirmed tells that a user is confirmed now.
func (s *Service) Confirmed(p *userpool.Pool, sub string) {
	s.base.Told(userpool.Event{Kind: userpool.UserConfirmed, PoolID: p.ID, Sub: sub})
}

// postConfirmation runs PostConfirmation for a user whose confirmation is stored, and stays so if the function fails.
func (s *Service) postConfirmation(ctx context.Context, p *userpool.Pool, c *userpool.Client, u *store.User, source string, context userpool.ClientContext) error {
	if source == triggers.ConfirmSignUp {
		s.Confirmed(p, u.Sub)
	}
	return s.o.Triggers.PostConfirmation(ctx, lambdaCall(p, c, u, context), source)
}
