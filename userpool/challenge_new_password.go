package userpool

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
)

const attributePrefix = "userAttributes."

// challengeNewPassword asks a user with a temporary password for one of their own, and for attributes that are missing.
func (s *Service) challengeNewPassword(a *attempt) (*AuthResult, error) {
	x, err := s.newSession(a, "NEW_PASSWORD_REQUIRED")
	if err != nil {
		return nil, err
	}
	x.Password = a.user.Password.ModifiedAt.UnixMilli()
	sealed, err := s.sealSession(x)
	if err != nil {
		return nil, err
	}
	missing := []string{}
	for name, sc := range a.pool.schema {
		if sc.required() && name != "sub" && a.user.Attributes[name] == "" {
			missing = append(missing, attributePrefix+name)
		}
	}
	slices.Sort(missing)
	known := map[string]string{}
	for name, v := range a.user.Attributes {
		if a.client.mayRead(name) {
			known[name] = v
		}
	}
	required, err := json.Marshal(missing)
	if err != nil {
		return nil, fmt.Errorf("userpool: challenge: %w", err)
	}
	attributes, err := json.Marshal(known)
	if err != nil {
		return nil, fmt.Errorf("userpool: challenge: %w", err)
	}
	return &AuthResult{Challenge: "NEW_PASSWORD_REQUIRED", Session: sealed, Parameters: map[string]string{
		"USER_ID_FOR_SRP":    a.user.Username,
		"requiredAttributes": string(required),
		"userAttributes":     string(attributes),
	}}, nil
}

// answerNewPassword is NEW_PASSWORD_REQUIRED. A password that the policy refuses does not spend the session.
func (s *Service) answerNewPassword(ctx context.Context, a *attempt) (*AuthResult, error) {
	x, err := s.openSession(a.given, a, "NEW_PASSWORD_REQUIRED")
	if err != nil {
		return nil, err
	}
	a.flow, a.user.Sub = x.Flow, x.Sub
	giveBack, err := s.spend(x)
	if err != nil {
		return nil, err
	}
	out, err := s.takeNewPassword(ctx, a, x)
	if err != nil && !fault.Is(err, fault.NotAuthorized) {
		giveBack()
	}
	return out, err
}

func (s *Service) takeNewPassword(ctx context.Context, a *attempt, x *session) (*AuthResult, error) {
	p := a.pool
	if err := s.reread(ctx, p, &a.user); err != nil {
		return nil, err
	}
	// The temporary password that was proved must still be the user's: an administrator may have set another one.
	if a.user.Status != StatusForceChange || a.user.Password.ModifiedAt.UnixMilli() != x.Password || !p.named(&a.user, a.params["USERNAME"]) {
		return nil, errSession
	}
	password := a.params["NEW_PASSWORD"]
	if err := p.checkPassword(password); err != nil {
		return nil, err
	}
	attrs, err := a.challengeAttributes()
	if err != nil {
		return nil, err
	}
	pw, err := s.makePassword(ctx, p, &a.user, password, false)
	if err != nil {
		return nil, err
	}
	a.user, err = s.changeSub(ctx, p, a.user.Sub, func(_ store.Tx, u *store.User) error {
		if u.Status != StatusForceChange {
			return errSession
		}
		before := copyMap(u.Attributes)
		p.apply(u.Attributes, attrs)
		p.unverify(before, u.Attributes, attrs)
		u.Password, u.Failures, u.Status = pw, store.Failures{}, StatusConfirmed
		return p.checkRequired(u.Attributes)
	})
	if err != nil {
		return nil, err
	}
	return s.proceed(ctx, a)
}

// challengeAttributes reads and judges the attributes that came with the new password.
func (a *attempt) challengeAttributes() ([]Attribute, error) {
	var attrs []Attribute
	for _, k := range sortedKeys(a.params) {
		name, ok := strings.CutPrefix(k, attributePrefix)
		if !ok {
			continue
		}
		sc, old := a.pool.schema[name], a.user.Attributes[name]
		// AWS: a required attribute that has a value cannot be changed here; nor can an immutable one anywhere.
		if sc != nil && old != "" && old != a.params[k] && (sc.required() || !sc.mutable()) {
			return nil, fault.New(fault.InvalidParameter, "Cannot modify an already provided %s", name)
		}
		if old == a.params[k] {
			continue
		}
		attrs = append(attrs, Attribute{name, a.params[k]})
	}
	return attrs, a.pool.checkWrite(a.client, signUp, a.user.Attributes, attrs)
}
