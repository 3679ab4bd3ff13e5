package domains

import (
	"context"
	"errors"
	"fmt"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
)

// Declared is a domain of a declared user pool.
type Declared struct {
	Name    string // with a dot, a custom domain
	Version int    // 0 is managed login if the pool's tier has it, as the console does
}

// declaredCertificate is the certificate that API calls show of a declared custom domain: the host of Sluice gets one by itself.
const declaredCertificate = "arn:aws:acm:us-east-1:%s:certificate/00000000-0000-4000-8000-000000000000"

// change returns the declaration as an input of CreateUserPoolDomain.
func (d Declared) change(poolID, account string) Change {
	in := Change{PoolID: poolID, Name: d.Name, Version: d.Version, Custom: customForm.MatchString(d.Name)}
	if in.Custom {
		in.Certificate = fmt.Sprintf(declaredCertificate, account)
	}
	return in
}

// CheckDeclared returns why no pool can have the declared domains, or nil. It does not access the store.
func CheckDeclared(publicURL, suffix string, list []Declared) error {
	s, err := New(Options{Base: new(userpool.Base), Pools: new(userpool.Service), PublicURL: publicURL, Suffix: suffix})
	if err != nil {
		return err
	}
	var problems []error
	for _, d := range list {
		err := s.check(d.change("", "000000000000"))
		if d.Version < 0 || d.Version > ManagedLogin {
			err = errors.New("managed_login is 1 or 2")
		}
		if text, ok := fault.Message(err); ok {
			err = errors.New(text)
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("domain %s: %w", d.Name, err))
		}
	}
	return errors.Join(problems...)
}

// Ensure gives an existing pool the declared domains. One of the same kind that was declared under another name before is replaced; one
// that was made through the API is an error. It can be called at every reload.
func (s *Service) Ensure(ctx context.Context, poolID, account string, list []Declared) error {
	for _, d := range list {
		if err := s.ensure(ctx, d.change(poolID, account)); err != nil {
			return fmt.Errorf("user pool %s: domain %s: %w", poolID, d.Name, err)
		}
	}
	return nil
}

func (s *Service) ensure(ctx context.Context, in Change) error {
	p, err := s.o.Pools.Pool(ctx, in.PoolID)
	if err != nil {
		return err
	}
	if in.Version == 0 {
		in.Version = ManagedLogin
		if p.Settings.UserPoolTier == userpool.TierLite {
			in.Version = Classic
		}
	}
	if err := errors.Join(s.check(in), checkVersion(p, in.Version)); err != nil {
		return err
	}
	now := s.base.Now()
	err = s.base.Update(ctx, func(tx store.Tx) error {
		have, err := tx.Domains.OfPool(in.PoolID)
		if err != nil {
			return err
		}
		for _, d := range have {
			switch {
			case d.Custom != in.Custom:
			case d.Name == in.Name && d.Version == in.Version && d.Declared:
				return nil
			case d.Name == in.Name:
				d.Version, d.Declared, d.ModifiedAt = in.Version, true, now
				return tx.Domains.Update(d)
			case !d.Declared:
				return fmt.Errorf("the pool has the domain %s, which was created through the API; delete it with DeleteUserPoolDomain, or declare it", d.Name)
			default:
				if err := tx.Domains.Delete(d.Name); err != nil {
					return err
				}
			}
		}
		return tx.Domains.Insert(store.Domain{Name: in.Name, PoolID: in.PoolID, Custom: in.Custom, Version: in.Version,
			Certificate: in.Certificate, Declared: true, CreatedAt: now, ModifiedAt: now})
	})
	s.changed(in.PoolID)
	if errors.Is(err, store.ErrExists) {
		return errors.New("another user pool has it; choose another name, or delete it there")
	}
	return err
}
