package userpool

import (
	"context"
	"slices"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
)

// AdminUpdateUserAttributes writes attributes as an administrator may: verified marks too.
func (s *Service) AdminUpdateUserAttributes(ctx context.Context, poolID, name string, attrs []Attribute) error {
	p, u, err := s.adminUser(ctx, poolID, name)
	if err != nil {
		return err
	}
	if err := p.checkWrite(nil, admin, u.Attributes, attrs); err != nil {
		return err
	}
	_, err = s.changeSub(ctx, p, u.Sub, func(_ store.Tx, u *store.User) error {
		before := copyMap(u.Attributes)
		p.apply(u.Attributes, attrs)
		p.unverify(before, u.Attributes, attrs)
		return p.checkRequired(u.Attributes)
	})
	return err
}

// AdminDeleteUserAttributes removes attributes; one that the user has not got is a no-op.
func (s *Service) AdminDeleteUserAttributes(ctx context.Context, poolID, name string, names []string) error {
	p, u, err := s.adminUser(ctx, poolID, name)
	if err != nil {
		return err
	}
	return s.deleteAttributes(ctx, p, nil, admin, u.Sub, names)
}

// DeleteUserAttributes removes attributes of the token's user.
func (s *Service) DeleteUserAttributes(ctx context.Context, accessToken string, names []string) error {
	who, err := s.authenticate(ctx, accessToken)
	if err != nil {
		return err
	}
	return s.deleteAttributes(ctx, who.pool, who.client, self, who.user.Sub, names)
}

func (s *Service) deleteAttributes(ctx context.Context, p *pool, c *client, who writer, sub string, names []string) error {
	attrs := make([]Attribute, 0, len(names))
	for _, n := range names {
		attrs = append(attrs, Attribute{Name: n})
	}
	_, err := s.changeSub(ctx, p, sub, func(_ store.Tx, u *store.User) error {
		if err := p.checkWrite(c, who, u.Attributes, attrs); err != nil {
			return err
		}
		before := copyMap(u.Attributes)
		p.apply(u.Attributes, attrs)
		p.unverify(before, u.Attributes, attrs)
		return p.checkRequired(u.Attributes)
	})
	return err
}

// UpdateUserAttributes writes attributes of the token's user. An address that changes is unverified until it is proved;
// one that the pool verifies gets a code. With AttributesRequireVerificationBeforeUpdate the old value stays until then.
func (s *Service) UpdateUserAttributes(ctx context.Context, accessToken string, attrs []Attribute) ([]Delivery, error) {
	who, err := s.authenticate(ctx, accessToken)
	if err != nil {
		return nil, err
	}
	p := who.pool
	if err := p.checkWrite(who.client, self, who.user.Attributes, attrs); err != nil {
		return nil, err
	}
	now, later := p.splitPending(&who.user, attrs)
	u, err := s.changeSub(ctx, p, who.user.Sub, func(_ store.Tx, u *store.User) error {
		before := copyMap(u.Attributes)
		p.apply(u.Attributes, now)
		p.unverify(before, u.Attributes, now)
		return p.checkRequired(u.Attributes)
	})
	if err != nil {
		return nil, err
	}
	return s.sendUpdateCodes(ctx, p, &who.user, &u, later)
}

// splitPending takes out the addresses that must be verified before they count.
func (p *pool) splitPending(u *store.User, attrs []Attribute) (now, later []Attribute) {
	for _, a := range attrs {
		settings := p.Settings.UserAttributeUpdateSettings
		if settings != nil && slices.Contains(settings.AttributesRequireVerificationBeforeUpdate, a.Name) &&
			a.Value != "" && a.Value != u.Attributes[a.Name] {
			later = append(later, a)
		} else {
			now = append(now, a)
		}
	}
	return now, later
}

// sendUpdateCodes sends a code to each address that changed and that the pool verifies.
func (s *Service) sendUpdateCodes(ctx context.Context, p *pool, before, after *store.User, later []Attribute) ([]Delivery, error) {
	var list []Delivery
	for _, attribute := range []string{"email", "phone_number"} {
		to := ""
		if i := slices.IndexFunc(later, func(a Attribute) bool { return a.Name == attribute }); i >= 0 {
			to = later[i].Value
		} else if after.Attributes[attribute] != before.Attributes[attribute] && slices.Contains(p.Settings.AutoVerifiedAttributes, attribute) {
			to = after.Attributes[attribute]
		}
		if to == "" {
			continue
		}
		purpose := codeAttribute + attribute
		digits, code, err := s.newCode(p.ID, after.Sub, purpose, attribute, to)
		if err != nil {
			return nil, err
		}
		if err := s.update(ctx, func(tx store.Tx) error { return tx.Codes.Put(code) }); err != nil {
			return nil, err
		}
		d, err := s.send(ctx, p, p.codeLetter(after, purpose, attribute, to, digits))
		if err != nil {
			return nil, err
		}
		list = append(list, *d)
	}
	return list, nil
}

// codeAttribute begins the purposes of codes that verify an attribute of a known user.
const codeAttribute = "attribute:"

// limitVerify is how often an hour a user may try a code for an attribute, limitVerifySend how often ask for one.
const (
	limitVerify     = 15
	limitVerifySend = 5
)

// GetUserAttributeVerificationCode sends a code to an address that the token's user has.
func (s *Service) GetUserAttributeVerificationCode(ctx context.Context, accessToken, attribute string) (*Delivery, error) {
	who, err := s.authenticate(ctx, accessToken)
	if err != nil {
		return nil, err
	}
	if !slices.Contains([]string{"email", "phone_number"}, attribute) || who.user.Attributes[attribute] == "" {
		return nil, fault.New(fault.InvalidParameter, "User does not have the attribute %s to verify.", attribute)
	}
	if err := s.limits.take("verify send", who.pool.ID, who.user.Sub, limitVerifySend); err != nil {
		return nil, err
	}
	return s.sendCode(ctx, who.pool, &who.user, codeAttribute+attribute, attribute)
}

// VerifyUserAttribute proves an address by code. A value that waited for its proof takes the old one's place.
func (s *Service) VerifyUserAttribute(ctx context.Context, accessToken, attribute, digits string) error {
	who, err := s.authenticate(ctx, accessToken)
	if err != nil {
		return err
	}
	p := who.pool
	if err := s.limits.take("verify", p.ID, who.user.Sub, limitVerify); err != nil {
		return err
	}
	var outcome error
	_, err = s.changeSub(ctx, p, who.user.Sub, func(tx store.Tx, u *store.User) error {
		var code store.Code
		var err error
		code, outcome, err = s.tryCode(tx, p.ID, u.Sub, codeAttribute+attribute, digits)
		if err != nil {
			return err
		}
		settings := p.Settings.UserAttributeUpdateSettings
		if settings != nil && slices.Contains(settings.AttributesRequireVerificationBeforeUpdate, attribute) {
			u.Attributes[attribute] = code.Value
		}
		if u.Attributes[attribute] != code.Value {
			outcome = errCodeExpired // the address changed after the code went out
			return errKeep
		}
		return p.proveAddress(tx, u, code, false)
	})
	return firstError(outcome, err)
}

// unverify takes the verified mark from an address that changed, unless the same write sets it.
func (p *pool) unverify(before, after map[string]string, written []Attribute) {
	for _, a := range []string{"email", "phone_number"} {
		mark := a + "_verified"
		given := slices.ContainsFunc(written, func(w Attribute) bool { return w.Name == mark })
		switch {
		case after[a] == "":
			delete(after, mark)
		case after[a] != before[a] && !given:
			after[mark] = "false"
		}
	}
}

func copyMap(m map[string]string) map[string]string {
	out := make(map[string]string, len(m))
	for k, v := range m {
		out[k] = v
	}
	return out
}
