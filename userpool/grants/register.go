package grants

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/oauthclient"
)

// Codes of errors of a registration (RFC 7591 section 3.2.2).
const (
	InvalidRedirectURI    = "invalid_redirect_uri"
	InvalidClientMetadata = "invalid_client_metadata"
)

// Registration is what a client says about itself, and after registration also what it got.
//
// Source: RFC 7591 sections 2 and 3.2.1; OpenID Connect RP-Initiated Logout 1.0 section 3.1 for the last of the lists.
type Registration struct {
	ClientID        string `json:"client_id,omitempty"`                 // of the answer
	ClientSecret    string `json:"client_secret,omitempty"`             // of the answer
	IssuedAt        int64  `json:"client_id_issued_at,omitempty"`       // of the answer; seconds since 1970
	SecretExpiresAt *int64 `json:"client_secret_expires_at,omitempty"`  // 0 = never
	AccessToken     string `json:"registration_access_token,omitempty"` // of the answer; for the URL ManagedAt (RFC 7592)
	ManagedAt       string `json:"registration_client_uri,omitempty"`   // the caller sets it

	Name          string   `json:"client_name,omitempty"`                           // for people; ClientName gets its plain characters
	RedirectURIs  []string `json:"redirect_uris,omitempty"`                         // https, http of localhost, or an app's own scheme
	AuthMethod    string   `json:"token_endpoint_auth_method,omitempty"`            // one of AuthMethods; "" = Basic
	GrantTypes    []string `json:"grant_types,omitempty"`                           // as the pool allows; nil = authorization_code
	ResponseTypes []string `json:"response_types,omitempty"`                        // "code" only; nil for client_credentials
	Scope         string   `json:"scope,omitempty"`                                 // with blanks between; "" = all that the pool allows
	LogoutURIs    []string `json:"post_logout_redirect_uris,omitempty"`             // in the forms of RedirectURIs
	PAR           bool     `json:"require_pushed_authorization_requests,omitempty"` // RFC 9126 section 6

	Keys    json.RawMessage `json:"jwks,omitempty"`     // a JWK set, for private_key_jwt
	KeysURL string          `json:"jwks_uri,omitempty"` // where the set is; not together with Keys

	ClientURI       string   `json:"client_uri,omitempty"`       // home page; echoed, as are the members below
	LogoURI         string   `json:"logo_uri,omitempty"`         // image; never fetched
	TermsURI        string   `json:"tos_uri,omitempty"`          // terms of service
	PolicyURI       string   `json:"policy_uri,omitempty"`       // privacy policy
	Contacts        []string `json:"contacts,omitempty"`         // at most 10, as a rule e-mail addresses
	SoftwareID      string   `json:"software_id,omitempty"`      // the same for all copies of the software
	SoftwareVersion string   `json:"software_version,omitempty"` // of that software
}

// The grants in RFC 7591's words, and those of Cognito's settings.
const (
	grantCode    = "authorization_code"
	grantRefresh = "refresh_token"
	grantMachine = "client_credentials"
)

// Register makes an app client from what the client says about itself. accessToken is the initial access token, "" for none. What
// is possible is in the pool's DcrConfiguration.
//
// Source: RFC 7591 section 3; the Amazon Cognito developer guide on dynamic client registration.
func (s *Service) Register(ctx context.Context, poolID, accessToken string, body []byte) (*Registration, error) {
	p, err := s.o.Pools.Pool(ctx, poolID)
	if err != nil {
		return nil, err
	}
	if !p.DCR.Enabled {
		return nil, refuse(AccessDenied, "Clients cannot register with this user pool.")
	}
	allowed, unused := p.DCR.OpenGrants, oauthclient.UnusedOpen
	switch {
	case accessToken != "":
		if err := s.checkInitial(ctx, p, accessToken); err != nil {
			return nil, err
		}
		allowed, unused = p.DCR.Authenticated, oauthclient.UnusedVouched
	case !p.DCR.Open:
		return nil, refuse(InvalidToken, "Registration needs an initial access token.")
	}
	if len(allowed) == 0 {
		return nil, refuse(AccessDenied, "Clients cannot register with this user pool.")
	}
	in, err := readRegistration(body)
	if err != nil {
		return nil, err
	}
	if err := in.complete(p, allowed); err != nil {
		return nil, err
	}
	made, err := s.insert(ctx, p, in, unused)
	if err != nil {
		return nil, err
	}
	return made, s.giveAccess(p.ID, made, accessToken != "")
}

// readRegistration reads what a client says about itself. A member that is null is absent (RFC 7592 section 2.2).
func readRegistration(body []byte) (*Registration, error) {
	in := new(Registration)
	if err := json.Unmarshal(body, in); err != nil {
		return nil, &Error{Code: InvalidClientMetadata, Description: "The body is not a JSON object of client metadata.", cause: err}
	}
	if string(in.Keys) == "null" { // other members are then as if they were missing
		in.Keys = nil
	}
	return in, nil
}

// checkInitial checks an initial access token: that of a client that acts for itself, and was not registered dynamically.
func (s *Service) checkInitial(ctx context.Context, p *userpool.Pool, raw string) error {
	h, err := s.accessToken(ctx, &Caller{Pool: p}, raw, s.o.Tokens.InspectAccess)
	switch {
	case fault.Is(err, fault.NotAuthorized):
		return &Error{Code: InvalidToken, Description: "The initial access token is not valid.", cause: err}
	case err != nil:
		return err
	case h.Token.Subject != h.Client.ID || h.Client.Settings.ClientType == userpool.ClientDCR || !slices.Contains(h.Token.Scopes, userpool.ScopeRegister):
		return refuse(InvalidToken, "The initial access token does not allow registration.")
	}
	return nil
}

// insert makes the client, and fills in what it got. unused says how it registered.
func (s *Service) insert(ctx context.Context, p *userpool.Pool, in *Registration, unused string) (*Registration, error) {
	settings, err := in.settings()
	if err != nil {
		return nil, err
	}
	settings.OAuth.Unused = unused
	var gone []string
	c, err := s.o.Pools.CreateUserPoolClient(ctx, userpool.NewClient{PoolID: p.ID, Name: plainName(in.Name), Settings: settings,
		GenerateSecret: hasSecret(in.AuthMethod), Admit: func(tx store.Tx) (err error) {
			gone, err = makeRoom(tx, p.ID, unused)
			return err
		}})
	if err := asMetadata(err); err != nil {
		return nil, err
	}
	for _, id := range gone {
		s.o.Pools.ChangedClient(id)
	}
	in.ClientID, in.IssuedAt = c.ID, c.CreatedAt.Unix()
	if !c.Secret.IsZero() {
		in.ClientSecret, in.SecretExpiresAt = c.Secret.Reveal(), new(int64)
	}
	return in, nil
}

// asMetadata returns an error about settings in the words of RFC 7591, and others as they are.
func asMetadata(err error) error {
	switch fault.KindOf(err) {
	case fault.InvalidParameter, fault.InvalidOAuthFlow, fault.ScopeDoesNotExist:
		text, _ := fault.Message(err)
		return &Error{Code: InvalidClientMetadata, Description: text, cause: err}
	default:
		return err
	}
}

// settings returns the settings of the client. Public clients must use PKCE.
func (in *Registration) settings() (userpool.ClientSettings, error) {
	echo := Registration{ClientURI: in.ClientURI, LogoURI: in.LogoURI, TermsURI: in.TermsURI, PolicyURI: in.PolicyURI, Contacts: in.Contacts,
		SoftwareID: in.SoftwareID, SoftwareVersion: in.SoftwareVersion, Name: in.Name, AuthMethod: in.AuthMethod,
		GrantTypes: in.GrantTypes, ResponseTypes: in.ResponseTypes}
	registered, err := json.Marshal(echo) //nolint:gosec // G117: echo has no secret
	if err != nil {
		return userpool.ClientSettings{}, err
	}
	m := &oauthclient.Metadata{PKCE: in.AuthMethod == None, PAR: in.PAR, Registered: registered}
	if in.AuthMethod == PrivateKeyJWT {
		m.AuthMethod, m.Keys, m.KeysURL = PrivateKeyJWT, in.Keys, in.KeysURL
	}
	out := userpool.ClientSettings{ClientType: userpool.ClientDCR, AllowedOAuthFlowsUserPoolClient: true, AllowedOAuthScopes: strings.Fields(in.Scope),
		CallbackURLs: in.RedirectURIs, LogoutURLs: in.LogoutURIs, PreventUserExistenceErrors: "ENABLED", OAuth: m,
		ExplicitAuthFlows: []string{"ALLOW_REFRESH_TOKEN_AUTH"}}
	if slices.Contains(in.GrantTypes, grantMachine) {
		out.AllowedOAuthFlows = []string{userpool.FlowClientCredentials}
	} else {
		out.AllowedOAuthFlows, out.SupportedIdentityProviders = []string{userpool.FlowCode}, []string{userpool.ProviderCognito}
		m.HadUsers = true
	}
	return out, nil
}

// plainName returns the characters of a name that the name of an app client can have.
func plainName(name string) string {
	plain := strings.Map(func(r rune) rune {
		if r < 128 && (r == ' ' || r == '_' || strings.ContainsRune("+=,.@-", r) || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z') {
			return r
		}
		return -1
	}, name)
	if plain = strings.TrimSpace(plain[:min(len(plain), 128)]); plain == "" {
		return "registered client"
	}
	return plain
}
