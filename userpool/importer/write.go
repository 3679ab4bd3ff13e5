package importer

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/google/uuid"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/factors"
)

// BatchSize is how many entries a caller should pass to Write at once: one transaction writes them all, and other writers wait.
const BatchSize = 250

// ErrExists is the error of an entry whose user exists: the pool has a user with the name or the sub.
var ErrExists = fault.New(fault.UsernameExists, "The user already exists.")

// Options are what New needs. All are required.
type Options struct {
	Base    *userpool.Base   // the store and clock of all user pools
	Factors *factors.Service // seals the secrets of authenticator apps
}

// Service imports users. Its methods may be called from any goroutine.
type Service struct {
	o    Options
	base *userpool.Base
}

// New returns a Service, or an error that names the missing option.
func New(o Options) (*Service, error) {
	if o.Base == nil || o.Factors == nil {
		return nil, errors.New("importer: Options.Base and Options.Factors are required")
	}
	return &Service{o: o, base: o.Base}, nil
}

// Write imports entries in one transaction. It returns an error for each entry, nil for one that was imported and ErrExists for
// one that exists, and lastly an error if nothing was written.
func (s *Service) Write(ctx context.Context, p *userpool.Pool, entries []Entry) ([]error, error) {
	return s.WriteWith(ctx, p, entries, func(store.Tx, []error) error { return nil })
}

// WriteWith is Write with further writes in the same transaction: also gets the errors of the entries. If it fails, nothing is
// written. It may run more than once.
func (s *Service) WriteWith(ctx context.Context, p *userpool.Pool, entries []Entry, also func(store.Tx, []error) error) ([]error, error) {
	users := make([]store.User, len(entries))
	checked := make([]error, len(entries))
	for i := range entries {
		users[i], checked[i] = s.user(p, &entries[i])
	}
	var results []error
	err := s.base.Update(ctx, func(tx store.Tx) (err error) {
		results = slices.Clone(checked)
		b := &batch{tx: tx, pool: p, entries: entries, users: users, results: results, groups: map[string]bool{}}
		if err := b.write(); err != nil {
			return err
		}
		return also(tx, results)
	})
	return results, err
}

// expected reports whether the error concerns one entry only. If the pool was altered since it was read, none can be written.
func expected(err error) bool {
	return !slices.Contains([]fault.Kind{fault.Internal, fault.Unavailable, fault.ConcurrentModification}, fault.KindOf(err))
}

// conflict translates a conflict of names.
func conflict(p *userpool.Pool, err error) error {
	c, ok := errors.AsType[*store.Conflict](err)
	switch {
	case !ok:
		return err
	case slices.Contains(p.Settings.AliasAttributes, c.Key):
		return fault.Wrap(fault.AliasExists, err, "An account with the given %s already exists.", c.Key)
	}
	return ErrExists
}

// user returns the record of an entry.
func (s *Service) user(p *userpool.Pool, e *Entry) (store.User, error) {
	now := s.base.Now()
	u := store.User{PoolID: p.ID, Sub: e.Sub, Username: e.Username, Enabled: !e.Disabled, Status: e.Status, Attributes: map[string]string{},
		CreatedAt: e.Created, ModifiedAt: e.Modified}
	if err := s.setSub(&u); err != nil {
		return u, err
	}
	attrs := make([]userpool.Attribute, 0, len(e.Attributes))
	for _, name := range slices.Sorted(maps.Keys(e.Attributes)) {
		if v := e.Attributes[name]; v != "" {
			attrs = append(attrs, userpool.Attribute{Name: name, Value: v})
		}
	}
	if err := setName(p, &u, e); err != nil {
		return u, err
	}
	if err := p.CheckWrite(nil, userpool.Admin, nil, attrs); err != nil {
		return u, err
	}
	p.Apply(u.Attributes, attrs)
	if err := p.CheckRequired(u.Attributes); err != nil {
		return u, err
	}
	if u.CreatedAt.IsZero() {
		u.CreatedAt = now
	}
	if u.ModifiedAt.IsZero() {
		u.ModifiedAt = now
	}
	switch {
	case e.Hash != nil:
		u.Password = store.Password{Hash: e.Hash.Text(), ModifiedAt: u.CreatedAt}
	case e.Elsewhere:
		u.Password = store.Password{Hash: store.PasswordElsewhere, ModifiedAt: u.CreatedAt}
	}
	if err := setStatus(p, &u); err != nil {
		return u, err
	}
	if err := s.setMFA(&u, e); err != nil {
		return u, err
	}
	p.SetNames(&u)
	return u, nil
}

func (s *Service) setSub(u *store.User) (err error) {
	if u.Sub == "" {
		u.Sub, err = s.base.UUID()
		return err
	}
	id, err := uuid.Parse(u.Sub)
	if err != nil || id.String() != u.Sub {
		return fault.New(fault.InvalidParameter, "The sub must be a UUID in lower case.")
	}
	return nil
}

// setName sets the user name, and in a pool whose users sign in by address the attribute with the address.
func setName(p *userpool.Pool, u *store.User, e *Entry) error {
	name := e.Username
	if len(p.Settings.UsernameAttributes) > 0 && e.Status != userpool.StatusExternal {
		if _, err := p.UsernameAttribute(name); err != nil {
			for _, a := range p.Settings.UsernameAttributes {
				if v := e.Attributes[a]; v != "" {
					name = v
					break
				}
			}
		}
	}
	if !userpool.ValidUsername(name) {
		return fault.New(fault.InvalidParameter, "The username must have 1 to 128 letters, marks, symbols, digits or punctuation.")
	}
	u.Username = p.Key(name)
	if e.Elsewhere {
		u.Username = name // that the source asks for with the password
	}
	if e.Status == userpool.StatusExternal {
		return nil // a name that the pool generated, regardless of how users sign in
	}
	attribute, err := p.UsernameAttribute(name)
	if err != nil || attribute == "" {
		return err
	}
	if v := e.Attributes[attribute]; v != "" && p.Key(v) != p.Key(name) {
		return fault.New(fault.InvalidParameter, "The %s attribute must be the username.", attribute)
	}
	u.Username = u.Sub
	u.Attributes[attribute] = name
	return nil
}

// setStatus checks the status and fills it in.
func setStatus(p *userpool.Pool, u *store.User) error {
	switch u.Status {
	case "":
		u.Status = userpool.StatusResetRequired
		if u.Password.Hash != "" || p.OTPAttribute(u.Attributes) != "" {
			u.Status = userpool.StatusConfirmed
		}
	case userpool.StatusConfirmed, userpool.StatusUnconfirmed, userpool.StatusResetRequired, userpool.StatusExternal, userpool.StatusForceChange:
	default:
		return fault.New(fault.InvalidParameter, "The status must be CONFIRMED, UNCONFIRMED, RESET_REQUIRED, FORCE_CHANGE_PASSWORD or EXTERNAL_PROVIDER.")
	}
	u.Password.Temporary = u.Status == userpool.StatusForceChange
	return nil
}

func (s *Service) setMFA(u *store.User, e *Entry) (err error) {
	m := e.MFA
	m.Secret, m.Pending, m.LastStep = nil, nil, 0
	if len(e.TOTP) > 0 {
		if m.Secret, err = s.o.Factors.Sealed(u, e.TOTP); err != nil {
			return err
		}
	}
	return m.Write(u)
}
