package directory

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/addresses"
)

// AdminUpdate is the input of AdminUpdateUserAttributes.
type AdminUpdate struct {
	PoolID     string                 // "<region>_<9 alphanumerics>"
	Username   string                 // name, sub or alias
	Attributes []userpool.Attribute   // those that are "" are removed
	Context    userpool.ClientContext // what the call says about its client
}

// AdminUpdateUserAttributes writes attributes, verified marks included. An address that changes is treated as in UpdateUserAttributes,
// unless the call marks it as verified: then it changes at once, and no code is sent.
//
// Source: AWS, AdminUpdateUserAttributes, UserAttributes.
func (s *Service) AdminUpdateUserAttributes(ctx context.Context, in AdminUpdate) error {
	attrs := in.Attributes
	p, err := s.o.Pools.Pool(ctx, in.PoolID)
	if err != nil {
		return err
	}
	var letters []letter
	_, err = s.changeUser(ctx, p, in.Username, func(tx store.Tx, u *store.User) (err error) {
		if err := p.CheckWrite(nil, userpool.Admin, u.Attributes, attrs); err != nil {
			return err
		}
		wanted := slices.DeleteFunc(addresses.WantCodes(p, u, attrs), func(address string) bool {
			return slices.ContainsFunc(attrs, func(a userpool.Attribute) bool {
				return a.Name == address+"_verified" && strings.EqualFold(a.Value, "true")
			})
		})
		letters, err = s.update(tx, p, u, attrs, wanted, wanted)
		return err
	})
	if err != nil {
		return err
	}
	_, err = s.sendUpdateCodes(ctx, p, origin{sourceUpdate, nil, in.Context}, letters)
	if fault.Is(err, fault.CodeDeliveryFailure) { // the operation has no exception for it; SDKs would repeat a call that gets a 5xx, and that succeeds
		return fault.Wrap(fault.InvalidParameter, err, "The attributes are written, but the code could not be delivered. Check the settings of mail and SMS.")
	}
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
	_, err := s.Change(ctx, p, sub, func(_ store.Tx, u *store.User) error {
		attrs, err := p.CheckDelete(c, w, u.Attributes, names)
		if err != nil {
			return err
		}
		before := maps.Clone(u.Attributes)
		p.Apply(u.Attributes, attrs)
		p.Unverify(before, u.Attributes, attrs)
		return nil
	})
	return err
}

// Update is the input of UpdateUserAttributes.
type Update struct {
	AccessToken string                 // with the scope aws.cognito.signin.user.admin
	Attributes  []userpool.Attribute   // those that are "" are removed
	Context     userpool.ClientContext // what the call says about its client
}

// UpdateUserAttributes writes attributes of the token's user. An address that changes becomes unverified, and the user gets a code if the
// pool verifies it. With AttributesRequireVerificationBeforeUpdate the old value stays until the code comes back.
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
	wanted := addresses.WantCodes(p, &holder.User, attrs)
	for range wanted {
		if err := s.limits.take(opVerifySend, p.ID, holder.User.Sub, limitVerifySend); err != nil {
			return nil, fault.Wrap(fault.TooManyRequests, err, "%s", errAttemptLimit.Message) // the fault kind that the operation documents
		}
	}
	var letters []letter
	_, err = s.Change(ctx, p, holder.User.Sub, func(tx store.Tx, u *store.User) (err error) {
		if err := p.CheckWrite(holder.Client, userpool.Self, u.Attributes, attrs); err != nil {
			return err
		}
		letters, err = s.update(tx, p, u, attrs, wanted, []string{"email", "phone_number"})
		return err
	})
	if err != nil {
		return nil, err
	}
	return s.sendUpdateCodes(ctx, p, origin{sourceUpdate, holder.Client, in.Context}, letters)
}

// update writes attributes, except those of the addresses in late that must be verified before, and makes the codes for the wanted ones.
func (s *Service) update(tx store.Tx, p *userpool.Pool, u *store.User, attrs []userpool.Attribute, wanted, late []string) ([]letter, error) {
	before := *u
	before.Attributes = maps.Clone(u.Attributes)
	now, later := addresses.SplitPending(p, u, attrs, late)
	p.Apply(u.Attributes, now)
	p.Unverify(before.Attributes, u.Attributes, now)
	return s.putUpdateCodes(tx, p, &before, u, later, wanted)
}

// sendUpdateCodes sends the codes of putUpdateCodes, after the commit.
func (s *Service) sendUpdateCodes(ctx context.Context, p *userpool.Pool, from origin, letters []letter) ([]Delivery, error) {
	var list []Delivery
	for _, l := range letters {
		l.origin = from
		d, err := s.send(ctx, p, l)
		if err != nil {
			return nil, err
		}
		list = append(list, *d)
	}
	return list, nil
}

// putUpdateCodes makes a code for each wanted address that waits for verification or has changed.
func (s *Service) putUpdateCodes(tx store.Tx, p *userpool.Pool, before, after *store.User, later []userpool.Attribute, wanted []string) ([]letter, error) {
	var list []letter
	for _, attribute := range []string{"email", "phone_number"} {
		to := ""
		if i := slices.IndexFunc(later, func(a userpool.Attribute) bool { return a.Name == attribute }); i >= 0 {
			to = later[i].Value
		} else if after.Attributes[attribute] != before.Attributes[attribute] {
			to = after.Attributes[attribute]
		}
		if to == "" || !slices.Contains(wanted, attribute) {
			continue
		}
		l, err := s.putCode(tx, p, after, codeAttribute+attribute, attribute, to)
		if err != nil {
			return nil, err
		}
		list = append(list, l)
	}
	return list, nil
}

// codeAttribute is the prefix of the purposes of codes that verify an attribute.
const codeAttribute = "attribute:"

// opVerifySend names the window in which codes for attributes are counted, whether the user requests one or changes an
// address.
const opVerifySend = "verify send"

// How many codes for an attribute a user may try, and is sent, in an hour.
const (
	limitVerify     = 15
	limitVerifySend = 5
)

// AttributeCodeRequest is the input of GetUserAttributeVerificationCode.
type AttributeCodeRequest struct {
	AccessToken string                 // with the scope aws.cognito.signin.user.admin
	Attribute   string                 // email or phone_number
	Context     userpool.ClientContext // what the call says about its client
}

// GetUserAttributeVerificationCode sends a code to an address of the token's user.
func (s *Service) GetUserAttributeVerificationCode(ctx context.Context, in AttributeCodeRequest) (*Delivery, error) {
	attribute := in.Attribute
	holder, err := s.o.Tokens.Authenticate(ctx, in.AccessToken)
	if err != nil {
		return nil, err
	}
	to := func(u *store.User) (string, error) {
		return attribute, addresses.MayGetCode(u.Attributes, attribute)
	}
	if _, err := to(&holder.User); err != nil {
		return nil, err
	}
	if err := s.limits.take(opVerifySend, holder.Pool.ID, holder.User.Sub, limitVerifySend); err != nil {
		return nil, err
	}
	from := origin{sourceVerify, holder.Client, in.Context}
	l, err := s.keepCode(ctx, holder.Pool, holder.User.Sub, codeAttribute+attribute, from, false, to)
	if err != nil {
		return nil, err
	}
	return s.send(ctx, holder.Pool, l)
}

// VerifyUserAttribute marks an address as verified by code. A value that waited for it replaces the old one.
func (s *Service) VerifyUserAttribute(ctx context.Context, accessToken, attribute, digits string) error {
	holder, err := s.o.Tokens.Authenticate(ctx, accessToken)
	if err != nil {
		return err
	}
	p := holder.Pool
	if err := addresses.MayGiveCode(p, holder.User.Attributes, attribute); err != nil {
		return err
	}
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
		return s.proveAddress(tx, p, u, code, false)
	})
	return firstError(err, outcome)
}
