package directory

import (
	"context"
	"maps"
	"slices"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
)

// AdminUpdate is the input of AdminUpdateUserAttributes.
type AdminUpdate struct {
	PoolID     string
	Username   string
	Attributes []userpool.Attribute
	Context    userpool.ClientContext
}

// AdminUpdateUserAttributes writes attributes, verified marks included.
func (s *Service) AdminUpdateUserAttributes(ctx context.Context, in AdminUpdate) error {
	attrs := in.Attributes
	p, u, err := s.adminUser(ctx, in.PoolID, in.Username)
	if err != nil {
		return err
	}
	if err := p.CheckWrite(nil, userpool.Admin, u.Attributes, attrs); err != nil {
		return err
	}
	_, err = s.Change(ctx, p, u.Sub, func(_ store.Tx, u *store.User) error {
		before := maps.Clone(u.Attributes)
		p.Apply(u.Attributes, attrs)
		p.Unverify(before, u.Attributes, attrs)
		return p.CheckKept(before, u.Attributes)
	})
	return err
}

// AdminDeleteUserAttributes removes attributes. An attribute that the user does not have is not an error.
func (s *Service) AdminDeleteUserAttributes(ctx context.Context, poolID, name string, names []string) error {
	p, u, err := s.adminUser(ctx, poolID, name)
	if err != nil {
		return err
	}
	return s.deleteAttributes(ctx, p, nil, userpool.Admin, u.Sub, names)
}

// DeleteUserAttributes removes attributes of the token's user.
func (s *Service) DeleteUserAttributes(ctx context.Context, accessToken string, names []string) error {
	holder, err := s.o.Tokens.Authenticate(ctx, accessToken)
	if err != nil {
		return err
	}
	return s.deleteAttributes(ctx, holder.Pool, holder.Client, userpool.Self, holder.User.Sub, names)
}

func (s *Service) deleteAttributes(ctx context.Context, p *userpool.Pool, c *userpool.Client, w userpool.Writer, sub string, names []string) error {
	attrs := make([]userpool.Attribute, 0, len(names))
	for _, n := range names {
		attrs = append(attrs, userpool.Attribute{Name: n})
	}
	_, err := s.Change(ctx, p, sub, func(_ store.Tx, u *store.User) error {
		if err := p.CheckWrite(c, w, u.Attributes, attrs); err != nil {
			return err
		}
		before := maps.Clone(u.Attributes)
		p.Apply(u.Attributes, attrs)
		p.Unverify(before, u.Attributes, attrs)
		return p.CheckKept(before, u.Attributes)
	})
	return err
}

// Update is the input of UpdateUserAttributes.
type Update struct {
	AccessToken string
	Attributes  []userpool.Attribute
	Context     userpool.ClientContext
}

// UpdateUserAttributes writes attributes of the token's user. An address that changes becomes unverified, and the user gets
// a code if the pool verifies it. With AttributesRequireVerificationBeforeUpdate the old value stays until the code comes
// back.
func (s *Service) UpdateUserAttributes(ctx context.Context, in Update) ([]Delivery, error) {
	attrs := in.Attributes
	holder, err := s.o.Tokens.Authenticate(ctx, in.AccessToken)
	if err != nil {
		return nil, err
	}
	p := holder.Pool
	if err := p.CheckWrite(holder.Client, userpool.Self, holder.User.Attributes, attrs); err != nil {
		return nil, err
	}
	now, later := splitPending(p, &holder.User, attrs)
	u, err := s.Change(ctx, p, holder.User.Sub, func(_ store.Tx, u *store.User) error {
		before := maps.Clone(u.Attributes)
		p.Apply(u.Attributes, now)
		p.Unverify(before, u.Attributes, now)
		return p.CheckKept(before, u.Attributes)
	})
	if err != nil {
		return nil, err
	}
	return s.sendUpdateCodes(ctx, p, &holder.User, &u, later)
}

// splitPending separates the addresses that must be verified before they are written.
func splitPending(p *userpool.Pool, u *store.User, attrs []userpool.Attribute) (now, later []userpool.Attribute) {
	for _, a := range attrs {
		if slices.Contains(p.Pending, a.Name) && a.Value != "" && a.Value != u.Attributes[a.Name] {
			later = append(later, a)
		} else {
			now = append(now, a)
		}
	}
	return now, later
}

// sendUpdateCodes sends a code to each address that waits for verification, or that changed and that the pool verifies.
func (s *Service) sendUpdateCodes(ctx context.Context, p *userpool.Pool, before, after *store.User, later []userpool.Attribute) ([]Delivery, error) {
	var list []Delivery
	for _, attribute := range []string{"email", "phone_number"} {
		to := ""
		if i := slices.IndexFunc(later, func(a userpool.Attribute) bool { return a.Name == attribute }); i >= 0 {
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
		if err := s.base.Update(ctx, func(tx store.Tx) error { return tx.Codes.Put(code) }); err != nil {
			return nil, err
		}
		d, err := s.send(ctx, p, codeLetter(p, after, purpose, attribute, to, digits))
		if err != nil {
			return nil, err
		}
		list = append(list, *d)
	}
	return list, nil
}

// codeAttribute is the prefix of the purposes of codes that verify an attribute.
const codeAttribute = "attribute:"

// How many codes for an attribute a user may try, and ask for, in an hour.
const (
	limitVerify     = 15
	limitVerifySend = 5
)

// AttributeCodeRequest is the input of GetUserAttributeVerificationCode.
type AttributeCodeRequest struct {
	AccessToken string
	Attribute   string // email or phone_number
	Context     userpool.ClientContext
}

// GetUserAttributeVerificationCode sends a code to an address of the token's user.
func (s *Service) GetUserAttributeVerificationCode(ctx context.Context, in AttributeCodeRequest) (*Delivery, error) {
	attribute := in.Attribute
	holder, err := s.o.Tokens.Authenticate(ctx, in.AccessToken)
	if err != nil {
		return nil, err
	}
	if !slices.Contains([]string{"email", "phone_number"}, attribute) || holder.User.Attributes[attribute] == "" {
		return nil, fault.New(fault.InvalidParameter, "User does not have the attribute %s to verify.", attribute)
	}
	if err := s.limits.take("verify send", holder.Pool.ID, holder.User.Sub, limitVerifySend); err != nil {
		return nil, err
	}
	return s.sendCode(ctx, holder.Pool, &holder.User, codeAttribute+attribute, attribute)
}

// VerifyUserAttribute marks an address as verified by code. A value that waited for it replaces the old one.
func (s *Service) VerifyUserAttribute(ctx context.Context, accessToken, attribute, digits string) error {
	holder, err := s.o.Tokens.Authenticate(ctx, accessToken)
	if err != nil {
		return err
	}
	p := holder.Pool
	if err := s.limits.take("verify", p.ID, holder.User.Sub, limitVerify); err != nil {
		return err
	}
	var outcome error
	_, err = s.Change(ctx, p, holder.User.Sub, func(tx store.Tx, u *store.User) error {
		var code store.Code
		var err error
		code, outcome, err = s.tryCode(tx, p.ID, u.Sub, codeAttribute+attribute, digits)
		if err != nil {
			return err
		}
		if slices.Contains(p.Pending, attribute) {
			u.Attributes[attribute] = code.Value
		}
		if u.Attributes[attribute] != code.Value {
			outcome = errCodeExpired // the address changed after the code was sent
			return errKeep
		}
		return proveAddress(tx, p, u, code, false)
	})
	return firstError(outcome, err)
}
