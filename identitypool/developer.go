package identitypool

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/sluicegate/sluice/authz/principal"
	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/credentials/session"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
)

// Limits on the tokens of developer identities.
const (
	developerLife    = 15 * time.Minute
	maxDeveloperLife = 24 * time.Hour
)

// DeveloperInput is the input of GetOpenIdTokenForDeveloperIdentity.
type DeveloperInput struct {
	PoolID     string            // "<region>:<uuid>"
	IdentityID string            // "" = find or create
	Logins     map[string]string // the developer provider with the user, and possibly public logins
	Tags       map[string]string // principal tags
	Life       time.Duration     // 0 = 15 minutes; at most 24 hours
}

// DeveloperToken returns an OpenID token for a user whom the caller's back end has authenticated. Errors: ResourceNotFound,
// NotAuthorized, ResourceConflict, DeveloperUserRegistered, InvalidParameter.
func (s *Service) DeveloperToken(ctx context.Context, in DeveloperInput) (OpenIDToken, error) {
	p, err := s.pool(in.PoolID)
	if err != nil {
		return OpenIDToken{}, err
	}
	user, ok := in.Logins[p.DeveloperName]
	switch {
	case p.DeveloperName == "" || !ok:
		return OpenIDToken{}, fault.New(fault.InvalidParameter, "Please provide a valid developer provider.")
	case user == "" || len(user) > 1024:
		return OpenIDToken{}, fault.New(fault.InvalidParameter, "A developer user identifier has 1 to 1024 characters.")
	case in.Life < 0 || in.Life > maxDeveloperLife:
		return OpenIDToken{}, fault.New(fault.InvalidParameter, "TokenDuration is at most 86400 seconds.")
	}
	for key := range in.Logins {
		if isSAML(key) { // its token would open the basic flow
			return OpenIDToken{}, errSAMLBasic()
		}
	}
	public := maps.Clone(in.Logins)
	delete(public, p.DeveloperName)
	verified, err := s.verifyLogins(ctx, p, public)
	if err != nil {
		return OpenIDToken{}, err
	}
	developer := store.Login{Provider: p.DeveloperName, Subject: user}
	identity, err := s.resolveDeveloper(ctx, p, in.IdentityID, developer, keysOf(verified))
	if err != nil {
		return OpenIDToken{}, err
	}
	tags := p.principalTags(verified)
	if len(in.Tags) > 0 {
		tags = in.Tags
	}
	life := in.Life
	if life == 0 {
		life = developerLife
	}
	return s.issue(p, identity.ID, append(verified, login{Login: developer}), tags, life)
}

// resolveDeveloper finds, creates or links the identity. If an identity is given and the user has another one, the call is
// refused; identities are not merged.
func (s *Service) resolveDeveloper(ctx context.Context, p *pool, id string, developer store.Login, public []store.Login) (store.Identity, error) {
	if id != "" {
		owner, err := s.byLogin(ctx, p.ID, developer)
		switch {
		case err == nil && owner.ID != id:
			return owner, fault.New(fault.DeveloperUserRegistered, "The developer user is already registered with another identity.")
		case err == nil, errors.Is(err, store.ErrNotFound):
		default:
			return owner, err
		}
	}
	return s.link(ctx, p, id, append([]store.Login{developer}, public...), true)
}

func (s *Service) byLogin(ctx context.Context, poolID string, l store.Login) (identity store.Identity, err error) {
	err = s.view(ctx, func(tx store.Tx) error {
		identity, err = tx.Identities.ByLogin(poolID, l)
		return err
	})
	return identity, err
}

// developerCredentials implements the enhanced flow for a token of DeveloperToken.
func (s *Service) developerCredentials(ctx context.Context, id string, logins map[string]string, raw, customRole string, env Env) (Credentials, error) {
	if len(logins) != 1 {
		return Credentials{}, fault.New(fault.InvalidParameter, "A Cognito token must be the only login.")
	}
	t, err := s.verifyOwn(ctx, raw)
	if err != nil {
		return Credentials{}, err
	}
	identity, p, err := s.identity(ctx, id)
	if err != nil {
		return Credentials{}, err
	}
	amr, _ := t.Claims.Values("amr")
	switch {
	case t.Subject != id || len(t.Audience) != 1 || t.Audience[0] != p.ID:
		return Credentials{}, errNoMatch
	case identity.Disabled || len(identity.Logins) == 0 || !slices.Contains(amr, "authenticated"):
		return Credentials{}, fault.New(fault.NotAuthorized, "Access to Identity '%s' is forbidden.", id)
	}
	role, err := p.defaultRole(customRole)
	if err != nil {
		return Credentials{}, err
	}
	record := session.Record{
		SessionName: sessionName, RoleARN: role, IdentityID: id, IdentityPoolID: p.ID, AMR: amr, Provider: ownProvider,
	}
	if record.PrincipalTags, err = tagsOf(t.Claims.Raw(tagsClaim)); err != nil {
		return Credentials{}, err
	}
	if record.Logins, err = s.signInsIn(t); err != nil {
		return Credentials{}, err
	}
	if !s.stillLinked(p, identity, amr, record.Logins) {
		return Credentials{}, errNoMatch
	}
	return s.assume(ctx, record, env)
}

// signInsIn returns the sign-ins behind a token.
func (s *Service) signInsIn(t *token.Token) ([]session.Login, error) {
	if s.o.LoginsClaim == "" {
		return nil, nil
	}
	return signInsOf(t.Claims.Raw(s.o.LoginsClaim))
}

// stillLinked reports whether the identity still has the logins of a token: its developer user, which amr names, and its sign-ins.
func (s *Service) stillLinked(p *pool, identity store.Identity, amr []string, signIns []session.Login) bool {
	for _, entry := range amr {
		user, ok := strings.CutPrefix(entry, p.DeveloperName+":"+p.ID+":")
		if ok && !slices.Contains(identity.Logins, store.Login{Provider: p.DeveloperName, Subject: user}) {
			return false
		}
	}
	for _, l := range signIns {
		if !slices.ContainsFunc(identity.Logins, func(has store.Login) bool { return has.Subject == l.Subject && s.isNameOf(has.Provider, l.Issuer) }) {
			return false
		}
	}
	return true
}

// tagsOf and signInsOf read claims that issue has written.
func tagsOf(text string, there bool) ([]principal.Tag, error) {
	if !there {
		return nil, nil
	}
	var claim tags
	if err := json.Unmarshal([]byte(text), &claim); err != nil {
		return nil, err
	}
	list := make(map[string]string, len(claim.Principal))
	for key, values := range claim.Principal {
		if len(values) == 1 {
			list[key] = values[0]
		}
	}
	return principal.Tags(list), nil
}

func signInsOf(text string, there bool) ([]session.Login, error) {
	if !there {
		return nil, nil
	}
	var claim []signIn
	if err := json.Unmarshal([]byte(text), &claim); err != nil {
		return nil, err
	}
	list := make([]session.Login, len(claim))
	for i, c := range claim {
		list[i] = session.Login{
			Issuer: c.Issuer, Subject: c.Subject, OriginJTI: c.OriginJTI, AuthTime: token.Instant(c.AuthTime), IssuedAt: token.Instant(c.IssuedAt),
		}
	}
	return list, nil
}

// Lookup returns the identity of a developer user and at most limit of its developer users that sort after the given one; next
// is the user to continue after, "" on the last page. Either id or user may be "". Errors: ResourceNotFound, ResourceConflict,
// InvalidParameter.
func (s *Service) Lookup(ctx context.Context, poolID, id, user, after string, limit int) (identityID string, users []string, next string, err error) {
	p, err := s.pool(poolID)
	if err != nil {
		return "", nil, "", err
	}
	if id == "" && user == "" {
		return "", nil, "", fault.New(fault.InvalidParameter, "Either IdentityId or DeveloperUserIdentifier is required.")
	}
	identity, err := s.lookup(ctx, p, id, user)
	if err != nil {
		return "", nil, "", err
	}
	all := developerUsers(p, identity)
	slices.Sort(all)
	for _, name := range all {
		if name <= after {
			continue
		}
		if limit > 0 && len(users) == limit {
			return identity.ID, users, users[limit-1], nil
		}
		users = append(users, name)
	}
	return identity.ID, users, "", nil
}

func (s *Service) lookup(ctx context.Context, p *pool, id, user string) (identity store.Identity, err error) {
	if user != "" {
		identity, err = s.byLogin(ctx, p.ID, store.Login{Provider: p.DeveloperName, Subject: user})
		if errors.Is(err, store.ErrNotFound) {
			return identity, fault.New(fault.ResourceNotFound, "The developer user was not found.")
		}
		if err == nil && id != "" && identity.ID != id {
			return identity, fault.New(fault.ResourceConflict, "The developer user belongs to another identity.")
		}
		return identity, err
	}
	identity, _, err = s.identity(ctx, id)
	if err == nil && identity.PoolID != p.ID {
		return identity, errNoIdentity(id)
	}
	return identity, err
}

func developerUsers(p *pool, identity store.Identity) []string {
	var users []string
	for _, l := range identity.Logins {
		if p.DeveloperName != "" && l.Provider == p.DeveloperName {
			users = append(users, l.Subject)
		}
	}
	return users
}

// Merge merges the identities of two developer users and returns the destination's, which stays. Errors:
// ResourceNotFound, ResourceConflict, LimitExceeded, InvalidParameter.
func (s *Service) Merge(ctx context.Context, poolID, provider, source, destination string) (string, error) {
	p, err := s.developerPool(poolID, provider)
	if err != nil {
		return "", err
	}
	if source == destination {
		return "", fault.New(fault.InvalidParameter, "Source and destination are the same user.")
	}
	var primary store.Identity
	var written []string
	err = s.update(ctx, func(tx store.Tx) error {
		l := linking{tx: tx, pool: p, now: s.o.Now()}
		from, err := tx.Identities.ByLogin(p.ID, store.Login{Provider: provider, Subject: source})
		if err != nil {
			return err
		}
		if primary, err = tx.Identities.ByLogin(p.ID, store.Login{Provider: provider, Subject: destination}); err != nil {
			return err
		}
		if from.ID == primary.ID {
			return nil
		}
		if err := l.merge(&primary, from); err != nil {
			return err
		}
		primary.ModifiedAt = l.now
		err = l.update(primary)
		written = l.written
		return err
	})
	s.identities.forget(written...)
	if errors.Is(err, store.ErrNotFound) {
		return "", fault.New(fault.ResourceNotFound, "The developer user was not found.")
	}
	return primary.ID, err
}

// UnlinkDeveloper removes a developer user from an identity. Errors: ResourceNotFound, ResourceConflict, InvalidParameter.
func (s *Service) UnlinkDeveloper(ctx context.Context, poolID, id, provider, user string) error {
	p, err := s.developerPool(poolID, provider)
	if err != nil {
		return err
	}
	gone := store.Login{Provider: provider, Subject: user}
	return s.editIdentity(ctx, id, func(i *store.Identity) error {
		if i.PoolID != p.ID {
			return errNoIdentity(id)
		}
		if !slices.Contains(i.Logins, gone) {
			return fault.New(fault.ResourceConflict, "The developer user does not belong to the identity.")
		}
		i.Logins = slices.DeleteFunc(i.Logins, func(l store.Login) bool { return l == gone })
		return nil
	})
}

// developerPool returns a pool and checks that its developer provider has the given name.
func (s *Service) developerPool(poolID, provider string) (*pool, error) {
	p, err := s.pool(poolID)
	if err != nil {
		return nil, err
	}
	if p.DeveloperName == "" || p.DeveloperName != provider {
		return nil, fault.New(fault.InvalidParameter, "Please provide a valid developer provider.")
	}
	return p, nil
}
