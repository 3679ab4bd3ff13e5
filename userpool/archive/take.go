package archive

import (
	"strings"

	"github.com/sluicegate/sluice/authz/revoke"
	"github.com/sluicegate/sluice/poolid"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/devices"
	"github.com/sluicegate/sluice/userpool/directory"
	"github.com/sluicegate/sluice/userpool/factors"
	"github.com/sluicegate/sluice/userpool/providers"
	"github.com/sluicegate/sluice/userpool/saml"
)

// An archive that another person made must not reach beyond its pool. So take sets the keys of records itself, and refuses a record
// that names an app client, a style or a sign-in of another pool.

// secret replaces a secret by its sealed form; conceal does so on import, reveal does the reverse on export.
type secret func(purpose string, additional, text []byte) ([]byte, error)

func (c secret) replace(text *[]byte, purpose string, additional []byte) (err error) {
	if len(*text) > 0 {
		*text, err = c(purpose, additional, *text)
	}
	return err
}

func (r *signingKey) secrets(c secret) error {
	purpose, additional := userpool.KeySeal((*store.SigningKey)(r))
	return c.replace(&r.Private, purpose, additional)
}

func (r *samlKey) secrets(c secret) error {
	purpose, additional := saml.KeySeal(r.PoolID)
	return c.replace(&r.Private, purpose, additional)
}

func (r *client) secrets(c secret) error {
	purpose, additional := userpool.SecretSeal(r.ID)
	for i := range r.Secrets {
		if err := c.replace(&r.Secrets[i].Sealed, purpose, additional); err != nil {
			return err
		}
	}
	return nil
}

func (r *identityProvider) secrets(c secret) error {
	purpose, additional := providers.DetailsSeal((*store.IdentityProvider)(r))
	return c.replace(&r.Sealed, purpose, additional)
}

func (r *user) secrets(c secret) error {
	u := (*store.User)(r)
	purpose, additional := directory.VerifierSeal(u)
	if err := c.replace(&u.Password.SRPVerifier, purpose, additional); err != nil {
		return err
	}
	m, err := userpool.ReadMFA(u)
	if err != nil {
		return err
	}
	purpose, additional = factors.SecretSeal(u)
	if err := c.replace(&m.Secret, purpose, additional); err != nil {
		return err
	}
	if err := c.replace(&m.Pending, purpose, additional); err != nil {
		return err
	}
	return m.Write(u)
}

func (r *device) secrets(c secret) error {
	purpose, additional := devices.VerifierSeal((*store.Device)(r))
	return c.replace(&r.Verifier, purpose, additional)
}

func (r *signingKey) take(in *intake) error {
	r.Owner = in.pool.ID
	return r.secrets(in.conceal)
}

func (r *samlKey) take(in *intake) error {
	r.PoolID = in.pool.ID
	return r.secrets(in.conceal)
}

func (r *client) take(in *intake) error {
	if r.PoolID = in.pool.ID; !poolid.IsClient(r.ID) {
		return damaged("%.64q is no id of an app client", r.ID)
	}
	in.clients[r.ID] = true
	return r.secrets(in.conceal)
}

func (r *domain) take(in *intake) error {
	r.PoolID = in.pool.ID
	return nil
}

func (r *resourceServer) take(in *intake) error {
	r.PoolID = in.pool.ID
	return nil
}

func (r *identityProvider) take(in *intake) error {
	r.PoolID = in.pool.ID
	return r.secrets(in.conceal)
}

func (r *group) take(in *intake) error {
	r.PoolID = in.pool.ID
	return nil
}

func (r *branding) take(in *intake) error {
	r.PoolID = in.pool.ID
	in.brandings[r.ID] = true
	return in.own(in.clients, r.ClientID)
}

func (r *brandingAsset) take(in *intake) error {
	r.PoolID = in.pool.ID
	return in.own(in.brandings, r.BrandingID)
}

func (r *uiCustomization) take(in *intake) error {
	if r.PoolID = in.pool.ID; r.ClientID == store.AllClients {
		return nil
	}
	return in.own(in.clients, r.ClientID)
}

func (r *terms) take(in *intake) error {
	r.PoolID = in.pool.ID
	return in.own(in.clients, r.ClientID)
}

func (r *user) take(in *intake) error {
	r.PoolID, in.sub, in.families = in.pool.ID, r.Sub, map[string]bool{}
	if r.Sub == "" || r.Username == "" || r.Key == "" {
		return damaged("a user has no sub or no name")
	}
	return r.secrets(in.conceal)
}

func (r *memberships) take(in *intake) error     { return in.ofUser(nil, &r.Sub) }
func (r *passwordHistory) take(in *intake) error { return in.ofUser(nil, &r.Sub) }
func (r *passkey) take(in *intake) error         { return in.ofUser(&r.PoolID, &r.Sub) }
func (r *userIdentity) take(in *intake) error    { return in.ofUser(&r.PoolID, &r.Sub) }
func (r *authEvent) take(in *intake) error       { return in.ofUser(&r.PoolID, &r.Sub) }

func (r *device) take(in *intake) error {
	if err := in.ofUser(&r.PoolID, &r.Sub); err != nil {
		return err
	}
	return r.secrets(in.conceal)
}

func (r *refreshToken) take(in *intake) error {
	if err := in.ofUser(&r.PoolID, &r.Sub); err != nil {
		return err
	}
	if in.families[r.ID] = true; len(in.families) > maxFamilies {
		return damaged("user %s has more than %d refresh tokens", in.sub, maxFamilies)
	}
	return in.own(in.clients, r.ClientID)
}

func (r *session) take(in *intake) error {
	if err := in.ofUser(&r.PoolID, &r.Sub); err != nil {
		return err
	}
	r.Browser, r.SignIn, r.Origin = nil, nil, "" // of browsers, whose cookies stay behind
	if err := in.own(in.families, r.Family); err != nil {
		return err
	}
	return in.own(in.clients, r.ClientID)
}

// take refuses what could revoke more than the tokens of a user or a sign-in. Processes that run learn of revocations by when they were
// made, so it is created again: tokens that a user got between it and the import are revoked, too. All processes remember a revocation until it
// ends, so that it has an end.
func (r *revocation) take(in *intake) error {
	now := in.base.Now()
	if !r.NotBefore.IsZero() && r.NotBefore.Before(now) {
		r.NotBefore = now
	}
	if last := now.Add(maxRevoked); r.Until.After(last) {
		r.Until = last
	}
	if kind := revoke.Kind(r.Kind); kind != revoke.KindFamily && kind != revoke.KindIssued || r.Name == "" || len(r.Name) > maxName || r.Until.IsZero() || strings.Count(r.Name, "\n") > 1 {
		return damaged("a revocation is of no user and no sign-in")
	}
	return nil
}
