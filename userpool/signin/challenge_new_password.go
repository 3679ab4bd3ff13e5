package signin

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
)

const attributePrefix = "userAttributes."

// challengeNewPassword asks a user with a temporary password for one of their own, and for attributes that are missing.
func (s *Machine) challengeNewPassword(a *attempt) (*Result, error) {
	x, err := s.newSession(a, "NEW_PASSWORD_REQUIRED")
	if err != nil {
		return nil, err
	}
	x.Password = a.subject.User.Password.ModifiedAt.UnixMilli()
	sealed, err := s.sealSession(x)
	if err != nil {
		return nil, err
	}
	missing := []string{}
	for name, sc := range a.pool.Schema {
		if sc.IsRequired() && name != "sub" && a.subject.User.Attributes[name] == "" {
			missing = append(missing, attributePrefix+name)
		}
	}
	slices.Sort(missing)
	known := map[string]string{}
	for name, v := range a.subject.User.Attributes {
		if a.client.MayRead(name) {
			known[name] = v
		}
	}
	required, err := json.Marshal(missing)
	if err != nil {
		return nil, fmt.Errorf("signin: challenge: %w", err)
	}
	attributes, err := json.Marshal(known)
	if err != nil {
		return nil, fmt.Errorf("signin: challenge: %w", err)
	}
	return &Result{Challenge: "NEW_PASSWORD_REQUIRED", Session: sealed, Parameters: map[string]string{
		"USER_ID_FOR_SRP":    a.subject.User.Username,
		"requiredAttributes": string(required),
		"userAttributes":     string(attributes),
	}}, nil
}

// answerNewPassword is NEW_PASSWORD_REQUIRED. A password that the policy refuses does not spend the session.
func (s *Machine) answerNewPassword(ctx context.Context, a *attempt) (*Result, error) {
	x, err := s.openSession(a.given, a, "NEW_PASSWORD_REQUIRED")
	if err != nil {
		return nil, err
	}
	a.flow = x.Flow
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

func (s *Machine) takeNewPassword(ctx context.Context, a *attempt, x *session) (*Result, error) {
	p := a.pool
	var err error
	if a.subject, err = s.o.Users.Reopen(ctx, p, true, x.Sub, a.params["USERNAME"]); err != nil {
		return nil, err
	}
	if err := admits(&a.subject.User, true); err != nil {
		return nil, err
	}
	// The temporary password that was proved must still be the user's: an administrator may have set another one.
	if a.subject.User.Status != userpool.StatusForceChange || a.subject.User.Password.ModifiedAt.UnixMilli() != x.Password || !p.Means(a.params["USERNAME"], &a.subject.User) {
		return nil, errSession
	}
	password := a.params["NEW_PASSWORD"]
	if err := p.CheckPassword(password); err != nil {
		return nil, err
	}
	attrs, err := a.challengeAttributes()
	if err != nil {
		return nil, err
	}
	pw, err := s.o.Users.MakePassword(ctx, p, &a.subject.User, password, false)
	if err != nil {
		return nil, err
	}
	a.subject.User, err = s.o.Users.Change(ctx, p, a.subject.User.Sub, func(_ store.Tx, u *store.User) error {
		if u.Status != userpool.StatusForceChange {
			return errSession
		}
		before := maps.Clone(u.Attributes)
		p.Apply(u.Attributes, attrs)
		p.Unverify(before, u.Attributes, attrs)
		u.Password, u.Failures, u.Status = pw, store.Failures{}, userpool.StatusConfirmed
		return p.CheckRequired(u.Attributes)
	})
	if err != nil {
		return nil, err
	}
	return s.proceed(ctx, a)
}

// challengeAttributes reads and judges the attributes that came with the new password.
func (a *attempt) challengeAttributes() ([]userpool.Attribute, error) {
	var attrs []userpool.Attribute
	for _, k := range slices.Sorted(maps.Keys(a.params)) {
		name, ok := strings.CutPrefix(k, attributePrefix)
		if !ok {
			continue
		}
		sc, old := a.pool.Schema[name], a.subject.User.Attributes[name]
		// AWS: a required attribute that has a value cannot be changed here; nor can an immutable one anywhere.
		if sc != nil && old != "" && old != a.params[k] && (sc.IsRequired() || !sc.IsMutable()) {
			return nil, fault.New(fault.InvalidParameter, "Cannot modify an already provided %s", name)
		}
		if old == a.params[k] {
			continue
		}
		attrs = append(attrs, userpool.Attribute{Name: name, Value: a.params[k]})
	}
	return attrs, a.pool.CheckWrite(a.client, userpool.SignUp, a.subject.User.Attributes, attrs)
}
