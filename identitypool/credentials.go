package identitypool

import (
	"context"
	"slices"
	"time"

	"github.com/sluicegate/sluice/authz/principal"
	"github.com/sluicegate/sluice/authz/token"
	"github.com/sluicegate/sluice/credentials/session"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
)

const (
	// credentialLife is the fixed lifetime of the enhanced flow's credentials.
	credentialLife = time.Hour
	sessionName    = "CognitoIdentityCredentials"
)

// GetCredentials implements the enhanced flow: it verifies the logins, chooses the role, has its trust policy evaluated and
// returns temporary credentials. Errors: ResourceNotFound, NotAuthorized, ResourceConflict, InvalidIdentityPoolSetup, ExternalService,
// InvalidParameter.
func (s *Service) GetCredentials(ctx context.Context, id string, logins map[string]string, customRole string, env Env) (Credentials, error) {
	if raw, ok := logins[ownProvider]; ok {
		return s.developerCredentials(ctx, id, logins, raw, customRole, env)
	}
	identity, p, verified, err := s.authenticate(ctx, id, logins)
	if err != nil {
		return Credentials{}, err
	}
	record := session.Record{
		SessionName: sessionName, IdentityID: identity.ID, IdentityPoolID: p.ID, AMR: s.amr(p, verified),
		Provider: ownProvider, Logins: signIns(verified), Username: username(verified), PrincipalTags: principal.Tags(p.principalTags(verified)),
	}
	if len(verified) > 0 {
		record.Provider = verified[0].Provider
		record.RoleARN, err = p.chooseRole(verified, customRole)
	} else {
		record.RoleARN, err = p.guestRole(customRole)
		// Developer guide, "IAM roles", access policies for unauthenticated identities: both limits always apply.
		record.PolicyARNs = s.o.GuestPolicies
	}
	if err != nil {
		return Credentials{}, err
	}
	return s.assume(ctx, record, env)
}

// guestRole returns the pool's role for guests. Guests cannot ask for a custom role.
func (p *pool) guestRole(custom string) (string, error) {
	switch {
	case p.roles.Guest == "":
		return "", errNoRole
	case custom != "" && custom != p.roles.Guest:
		return "", errCustomRole
	}
	return p.roles.Guest, nil
}

// assume has the session minted. A refusal of STS is reported as a pool that is set up wrongly.
func (s *Service) assume(ctx context.Context, r session.Record, env Env) (Credentials, error) {
	ip := ""
	if env.SourceIP.IsValid() {
		ip = env.SourceIP.Unmap().WithZone("").String()
	}
	minted, err := s.o.Roles.AssumeForIdentity(ctx, r, credentialLife, ip, env.UserAgent, env.Secure)
	if slices.Contains([]fault.Kind{fault.AccessDenied, fault.Validation, fault.PackedPolicyTooLarge}, fault.KindOf(err)) {
		return Credentials{}, fault.Wrap(fault.InvalidIdentityPoolSetup, err, badPoolRoleText)
	}
	return Credentials{IdentityID: r.IdentityID, Session: minted}, err
}

// amr returns the amr claim: "unauthenticated" for guests; otherwise "authenticated" and, for each provider, its name and its
// name with the user.
func (s *Service) amr(p *pool, logins []login) []string {
	if len(logins) == 0 {
		return []string{"unauthenticated"}
	}
	amr := make([]string, 1, 1+2*len(logins))
	amr[0] = "authenticated"
	for _, l := range logins {
		switch {
		case l.token == nil:
			amr = append(amr, l.Provider, l.Provider+":"+p.ID+":"+l.Subject)
		case l.userPool:
			amr = append(amr, l.Provider, l.Provider+":CognitoSignIn:"+l.Subject)
		case l.named != "":
			amr = append(amr, l.Provider, l.named)
		default:
			amr = append(amr, l.Provider, l.mapping+":OIDC:"+l.Subject)
		}
	}
	return amr
}

// signIns returns the sign-ins whose end also ends the session.
func signIns(logins []login) []session.Login {
	var list []session.Login
	for _, l := range logins {
		if l.token != nil {
			list = append(list, session.Login{
				Issuer: l.token.Issuer.URL, Subject: l.Subject, OriginJTI: l.token.OriginJTI,
				AuthTime: token.Instant(l.token.AuthTime), IssuedAt: token.Instant(l.token.IssuedAt),
			})
		}
	}
	return list
}

// username returns the user's name if exactly one of the logins is of a user pool.
func username(logins []login) string {
	name := ""
	for _, l := range logins {
		if !l.userPool {
			continue
		}
		if name != "" {
			return ""
		}
		name = l.token.Username
	}
	return name
}

// loginNames lists the providers of an identity.
func loginNames(i store.Identity) []string {
	var names []string
	for _, l := range i.Logins {
		names = append(names, l.Provider)
	}
	return names
}
