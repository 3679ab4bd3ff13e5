package oauth

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/server/mount"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/assurance"
	"github.com/sluicegate/sluice/userpool/grants"
	"github.com/sluicegate/sluice/userpool/oauth"
)

// cacheControl lets caches keep an answer for an hour. A new key is published a day before it signs.
const cacheControl = "public, max-age=3600"

// document is the discovery document of a pool. Its first members are Cognito's; OpenID Connect Discovery, RFC 8414, RFC 9207 and
// RP-Initiated Logout define the others.
type document struct {
	Authorization     string   `json:"authorization_endpoint"`
	EndSession        string   `json:"end_session_endpoint"`
	SigningAlgorithms []string `json:"id_token_signing_alg_values_supported"`
	Issuer            string   `json:"issuer"`
	JWKSURI           string   `json:"jwks_uri"`
	Registration      string   `json:"registration_endpoint,omitempty"`
	ResponseTypes     []string `json:"response_types_supported"`
	Revocation        string   `json:"revocation_endpoint"`
	Scopes            []string `json:"scopes_supported"`
	SubjectTypes      []string `json:"subject_types_supported"`
	Token             string   `json:"token_endpoint"`
	AuthMethods       []string `json:"token_endpoint_auth_methods_supported"`
	UserInfo          string   `json:"userinfo_endpoint"`

	*additions
}

// additions are the members that Cognito does not have.
type additions struct {
	ACR                []string `json:"acr_values_supported,omitempty"`
	IssuerInAnswers    bool     `json:"authorization_response_iss_parameter_supported"`
	Claims             []string `json:"claims_supported"`
	ClaimsParameter    bool     `json:"claims_parameter_supported"`
	ChallengeMethods   []string `json:"code_challenge_methods_supported"`
	Device             string   `json:"device_authorization_endpoint"`
	GrantTypes         []string `json:"grant_types_supported"`
	Introspection      string   `json:"introspection_endpoint"`
	IntrospectionAuth  []string `json:"introspection_endpoint_auth_methods_supported"`
	IntrospectionAlg   []string `json:"introspection_endpoint_auth_signing_alg_values_supported"`
	Prompts            []string `json:"prompt_values_supported"`
	Pushed             string   `json:"pushed_authorization_request_endpoint"`
	RequestParameter   bool     `json:"request_parameter_supported"`
	RequestURI         bool     `json:"request_uri_parameter_supported"`
	ResponseModes      []string `json:"response_modes_supported"`
	RevocationAuth     []string `json:"revocation_endpoint_auth_methods_supported"`
	RevocationAlg      []string `json:"revocation_endpoint_auth_signing_alg_values_supported"`
	AssertionAlgorithm []string `json:"token_endpoint_auth_signing_alg_values_supported"`
}

// claims are those of ID tokens that do not depend on the attributes of a pool.
var claims = []string{"acr", "amr", "at_hash", "aud", "auth_time", "cognito:groups", "cognito:username", "email", "email_verified", "exp", "iat",
	"iss", "jti", "name", "nonce", "origin_jti", "phone_number", "phone_number_verified", "sub", "token_use"}

func (h *handler) discovery(w http.ResponseWriter, r *http.Request, at mount.Point) {
	p, err := h.Pools.Pool(r.Context(), at.PoolID)
	if err != nil {
		h.refuseDocument(w, r, err)
		return
	}
	body, err := json.Marshal(h.document(p))
	if err != nil {
		h.refuseDocument(w, r, err)
		return
	}
	h.answer(w, r, body)
}

// document describes the endpoints of a pool, at its domain if it has one.
func (h *handler) document(p *userpool.Pool) *document {
	public := mount.ByPath(h.PublicURL, p.ID).Base
	base := ""
	if h.Base != nil {
		base = h.Base(p)
	}
	if base == "" {
		base = public
	}
	d := &document{
		Authorization:     base + authorizePath,
		EndSession:        base + logoutPath,
		SigningAlgorithms: []string{"RS256"},
		Issuer:            p.Issuer,
		JWKSURI:           public + keysPath,
		ResponseTypes:     []string{"code", "token"},
		Revocation:        base + "/oauth2/revoke",
		Scopes:            []string{"openid", "email", "phone", "profile"},
		SubjectTypes:      []string{"public"},
		Token:             base + "/oauth2/token",
		AuthMethods:       []string{"client_secret_basic", "client_secret_post"},
		UserInfo:          base + "/oauth2/userInfo",
	}
	if p.DCR.Enabled {
		d.Registration = base + "/oauth2/register"
	}
	if h.Strict {
		return d
	}
	d.AuthMethods = grants.AuthMethods()
	d.additions = &additions{
		IssuerInAnswers: true, Claims: claims, ChallengeMethods: []string{"S256"}, Device: base + "/oauth2/device_authorization",
		GrantTypes: append(grants.GrantTypes(), "implicit"), Introspection: base + "/oauth2/introspect", IntrospectionAuth: provingMethods(),
		Pushed:        base + "/oauth2/par",
		Prompts:       []string{oauth.PromptNone, oauth.PromptLogin, oauth.PromptConsent, oauth.PromptSelectAccount},
		ResponseModes: []string{oauth.ModeQuery, oauth.ModeFragment, oauth.ModeFormPost}, RevocationAuth: d.AuthMethods,
		AssertionAlgorithm: grants.AssertionAlgorithms(),
	}
	d.IntrospectionAlg, d.RevocationAlg = d.AssertionAlgorithm, d.AssertionAlgorithm // RFC 8414 section 2: with private_key_jwt
	for level := assurance.Levels; level > 0; level-- {
		d.ACR = append(d.ACR, p.Acr.Acr(level))
	}
	return d
}

// provingMethods are the ways in which a client proves itself. Introspection needs one.
func provingMethods() []string {
	return slices.DeleteFunc(grants.AuthMethods(), func(method string) bool { return method == grants.None })
}

func (h *handler) jwks(w http.ResponseWriter, r *http.Request, at mount.Point) {
	body, err := h.Pools.JWKS(r.Context(), at.PoolID)
	if err != nil {
		h.refuseDocument(w, r, err)
		return
	}
	h.answer(w, r, body)
}

func (h *handler) answer(w http.ResponseWriter, r *http.Request, body []byte) {
	sum := sha256.Sum256(body)
	tag := `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
	header := w.Header()
	header.Set("Cache-Control", cacheControl)
	header.Set("ETag", tag)
	if r.Header.Get("If-None-Match") == tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.write(w, http.StatusOK, body)
}

func (h *handler) write(w http.ResponseWriter, status int, body []byte) {
	header := w.Header()
	header.Set("Content-Type", "application/json")
	header.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	if _, err := w.Write(body); err != nil {
		h.Log.Debug("answer not delivered", "error", err)
	}
}

// refuseDocument writes an error: for a missing pool as Cognito does. Server errors are logged, and their text is not sent.
func (h *handler) refuseDocument(w http.ResponseWriter, r *http.Request, err error) {
	status, text := http.StatusInternalServerError, "Internal server error"
	switch fault.KindOf(err) {
	case fault.ResourceNotFound:
		status = http.StatusNotFound
		text, _ = fault.Message(err)
	case fault.Unavailable:
		status, text = http.StatusServiceUnavailable, "The service is not available. Try again."
	default: // internal
	}
	if status >= http.StatusInternalServerError {
		h.Log.ErrorContext(r.Context(), "publishing keys", "path", r.URL.Path, "error", err)
	}
	body, err := json.Marshal(map[string]string{"message": text})
	if err != nil { // cannot happen: strings always encode
		body = []byte(`{}`)
	}
	w.Header().Set("Cache-Control", "no-store")
	h.write(w, status, body)
}
