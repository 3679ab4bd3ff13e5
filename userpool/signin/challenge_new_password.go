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
	"github.com/sluicegate/sluice/userpool/directory"
	"github.com/sluicegate/sluice/userpool/threat"
)

// newPasswordRequired is the challenge for a user with a temporary password. The answer has a new password and the missing
// required attributes.
const newPasswordRequired = "NEW_PASSWORD_REQUIRED"

const attributePrefix = "userAttributes."

type newPassword struct{ users *directory.Service }

func newPasswordStep(users *directory.Service) *step {
	n := newPassword{users}
	return &step{name: newPasswordRequired, factor: Password, required: []string{"USERNAME", "NEW_PASSWORD"}, ask: n.ask, answer: n.answer}
}

func (newPassword) ask(_ context.Context, a *attempt) (*question, error) {
	u := &a.subject.User
	missing := []string{}
	for _, name := range a.pool.Missing(u.Attributes) {
		missing = append(missing, attributePrefix+name)
	}
	known := map[string]string{}
	for name, v := range u.Attributes {
		if a.client.MayRead(name) {
			known[name] = v
		}
	}
	required, err := json.Marshal(missing)
	if err != nil {
		return nil, fmt.Errorf("signin: encoding a challenge: %w", err)
	}
	attributes, err := json.Marshal(known)
	if err != nil {
		return nil, fmt.Errorf("signin: encoding a challenge: %w", err)
	}
	return &question{parameters: map[string]string{
		"USER_ID_FOR_SRP":    u.Username,
		"requiredAttributes": string(required),
		"userAttributes":     string(attributes),
	}}, nil
}

func (n newPassword) answer(ctx context.Context, a *attempt) (bool, error) {
	p, u := a.pool, &a.subject.User
	if u.Status != userpool.StatusForceChange {
		return false, errSession
	}
	if err := p.CheckPassword(userpool.NextPassword, a.params["NEW_PASSWORD"]); err != nil {
		return false, err
	}
	if err := n.users.CheckNewPassword(ctx, p, a.client, threat.ChangedPassword, a.params["NEW_PASSWORD"]); err != nil {
		return false, err
	}
	if _, err := givenAttributes(a, u.Attributes); err != nil {
		return false, refusedAttributes{err}
	}
	pw, err := n.users.MakePassword(ctx, p, u, a.params["NEW_PASSWORD"], false)
	if err != nil {
		return false, err
	}
	seen := *u
	a.subject.User, err = n.users.Change(ctx, p, u.Sub, func(_ store.Tx, u *store.User) error {
		// An administrator may have set another password, or disabled the user, while this one was hashed.
		if !directory.SamePassword(u, &seen) {
			return errSession
		}
		attrs, err := givenAttributes(a, u.Attributes)
		if err != nil {
			return refusedAttributes{err}
		}
		before := maps.Clone(u.Attributes)
		p.Apply(u.Attributes, attrs)
		p.Unverify(before, u.Attributes, attrs)
		u.Password, u.Failures, u.Status = pw, store.Failures{}, userpool.StatusConfirmed
		return nil
	})
	return err == nil, err
}

// givenAttributes returns the attributes that came with the new password, checked against the user's current ones. As in
// AWS, a required attribute that has a value cannot change here, and one that has none must be given.
//
// Sources of the texts: aws-sdk-ios#2203; the last one aws-sdk-js#1290, aws-sdk-android#1402.
func givenAttributes(a *attempt, current map[string]string) ([]userpool.Attribute, error) {
	var attrs []userpool.Attribute
	for _, k := range slices.Sorted(maps.Keys(a.params)) {
		name, ok := strings.CutPrefix(k, attributePrefix)
		if !ok {
			continue
		}
		schema, old := a.pool.Schema[name], current[name]
		switch required := schema != nil && schema.IsRequired(); {
		case old == a.params[k]:
			continue
		case required && old != "":
			return nil, fault.New(fault.NotAuthorized, "Cannot modify an already provided %s", name)
		case !required && schema != nil && (!schema.IsMutable() || strings.HasSuffix(name, "_verified")):
			return nil, fault.New(fault.InvalidParameter, "Cannot modify the non-mutable attribute %s", name)
		}
		attrs = append(attrs, userpool.Attribute{Name: name, Value: a.params[k]})
	}
	if err := a.pool.CheckWrite(a.client, userpool.SignUp, current, attrs); err != nil {
		return nil, err
	}
	after := map[string]string{}
	maps.Copy(after, current)
	a.pool.Apply(after, attrs)
	if missing := a.pool.Missing(after); len(missing) > 0 {
		return nil, fault.New(fault.InvalidParameter, "Invalid attributes given, %s is missing", missing[0])
	}
	return attrs, nil
}
