package userpool

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool/analytics"
)

// Complete fills in defaults and validates the settings against the pool's.
func (c *ClientSettings) Complete(p *PoolSettings, hasSecret bool) error {
	c.setRefreshDefault()
	if c.AuthSessionValidity == 0 {
		c.AuthSessionValidity = 3
	}
	if c.EnableTokenRevocation == nil {
		c.EnableTokenRevocation = new(true)
	}
	if c.EnablePropagateUserContext == nil {
		c.EnablePropagateUserContext = new(false)
	}
	if _, err := c.lifetimes(); err != nil {
		return err
	}
	var err error
	if c.AnalyticsConfiguration, err = analytics.Complete(c.AnalyticsConfiguration); err != nil {
		return err
	}
	if err := c.SSOSession.check(); err != nil {
		return err
	}
	if err := c.RiskConfiguration.Check(); err != nil {
		return err
	}
	if err := c.validateFlows(); err != nil {
		return err
	}
	if err := c.OAuth.Check(); err != nil {
		return fault.Wrap(fault.InvalidParameter, err, "%s", err.Error())
	}
	if err := c.validateOAuth(hasSecret || c.OAuth.SignsAssertions()); err != nil {
		return err
	}
	return c.validateAttributes(p)
}

// setRefreshDefault sets the lifetime of refresh tokens to 30 days, in the unit that is given, if it is 0.
func (c *ClientSettings) setRefreshDefault() {
	if c.RefreshTokenValidity != 0 {
		return
	}
	unit := "days"
	if c.TokenValidityUnits != nil && c.TokenValidityUnits.RefreshToken != "" {
		unit = c.TokenValidityUnits.RefreshToken
	}
	c.RefreshTokenValidity = int(defaultRefresh / max(units[unit], time.Second))
}

func (c *ClientSettings) validateFlows() error {
	invalid := func(format string, args ...any) error { return fault.New(fault.InvalidParameter, format, args...) }
	legacy, allow := 0, 0
	for _, f := range c.ExplicitAuthFlows {
		switch {
		case slices.Contains(legacyFlows, f):
			legacy++
		case slices.Contains(allowFlows, f):
			allow++
		default:
			return invalid("Invalid ExplicitAuthFlows value %s.", f)
		}
	}
	if legacy > 0 && allow > 0 {
		return invalid("Auth flow name with prefix 'ALLOW' cannot be used with legacy auth flow names.")
	}
	if slices.Contains(c.ExplicitAuthFlows, "ALLOW_CLIENT_TOKEN_AUTH") && len(c.ExplicitAuthFlows) > 1 {
		return invalid("ALLOW_CLIENT_TOKEN_AUTH cannot be used together with other ExplicitAuthFlows.")
	}
	if c.AuthSessionValidity < 3 || c.AuthSessionValidity > 15 {
		return invalid("AuthSessionValidity must be between 3 and 15 minutes.")
	}
	if r := c.RefreshTokenRotation; r != nil {
		if r.Feature != "ENABLED" && r.Feature != "DISABLED" {
			return invalid("Invalid RefreshTokenRotation feature.")
		}
		if r.RetryGracePeriodSeconds < 0 || r.RetryGracePeriodSeconds > 60 {
			return invalid("RetryGracePeriodSeconds must be between 0 and 60.")
		}
	}
	switch c.PreventUserExistenceErrors {
	case "", "LEGACY", "ENABLED":
		return nil
	}
	return invalid("Invalid PreventUserExistenceErrors value.")
}

// validateOAuth checks the settings for the OAuth endpoints, as far as they alone determine it; see checkReferences.
//
// Source of the texts: docs/divergences.md names the reports; terraform-provider-aws and cdk-preflight measured most on AWS.
func (c *ClientSettings) validateOAuth(hasSecret bool) error {
	flow := func(format string, args ...any) error { return fault.New(fault.InvalidOAuthFlow, format, args...) }
	if c.AllowedOAuthFlowsUserPoolClient && (len(c.AllowedOAuthFlows) == 0 || len(c.AllowedOAuthScopes) == 0) {
		return fault.New(fault.InvalidParameter, "AllowedOAuthFlows and AllowedOAuthScopes are required if user pool client is allowed to use OAuth flows.")
	}
	if slices.Contains(c.AllowedOAuthFlows, FlowClientCredentials) {
		switch {
		case len(c.AllowedOAuthFlows) > 1:
			return flow("client_credentials flow can not be selected along with code flow or implicit flow.")
		case !hasSecret:
			return flow("client_credentials flow can not be selected if client does not have a client secret.")
		}
		for _, scope := range c.AllowedOAuthScopes {
			if slices.Contains(standardScopes, scope) {
				return flow("%s is not supported with client_credentials flow.", scope)
			}
		}
	} else if len(c.AllowedOAuthFlows) > 0 && len(c.CallbackURLs) == 0 {
		return flow("CallbackUrls can not be empty when code flow or implicit flow is selected")
	}
	for _, list := range [][]string{c.CallbackURLs, c.LogoutURLs} {
		for _, raw := range list {
			if err := callbackError(raw); err != nil {
				return err
			}
		}
	}
	if c.DefaultRedirectURI != "" && !slices.Contains(c.CallbackURLs, c.DefaultRedirectURI) {
		return fault.New(fault.InvalidParameter, "The default redirect URI %s is not in the callback URIs list.", c.DefaultRedirectURI)
	}
	return nil
}

// schemeForm is a URI scheme: RFC 3986 section 3.1.
var schemeForm = regexp.MustCompile(`\A[A-Za-z][A-Za-z0-9+.-]*\z`)

// pageSchemes are schemes of URLs whose text a browser runs or shows itself. An answer must not go there.
var pageSchemes = []string{"javascript", "data", "vbscript", "file", "filesystem", "blob", "about", "view-source"}

// callbackError returns why a client cannot have the URL as a callback or sign-out URL, or nil.
//
// Source of the texts: cdk-preflight, measured on AWS; RFC 6749 section 3.1.2.
func callbackError(raw string) error {
	invalid := func(format string) error { return fault.New(fault.InvalidParameter, format, raw) }
	scheme, rest, ok := strings.Cut(raw, ":")
	switch {
	case !ok || rest == "" || !schemeForm.MatchString(scheme):
		return invalid("%s is not an absolute URI.")
	case strings.Contains(raw, "#"):
		return invalid("%s cannot use fragment")
	case slices.Contains(pageSchemes, strings.ToLower(scheme)):
		return invalid("%s cannot be used as a redirect URI.")
	case !strings.EqualFold(scheme, "http") && !strings.EqualFold(scheme, "https"):
		return nil // an app's own scheme
	}
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Host == "" || u.User != nil:
		return invalid("%s is not an absolute URI.")
	case u.Scheme == "http" && !slices.Contains([]string{"localhost", "127.0.0.1", "::1"}, u.Hostname()):
		return invalid("%s cannot use the HTTP protocol.")
	}
	return nil
}

func (c *ClientSettings) validateAttributes(p *PoolSettings) error {
	known := map[string]*SchemaAttribute{}
	for i := range p.Schema {
		known[p.Schema[i].Name] = &p.Schema[i]
	}
	for _, list := range []struct {
		what  string
		names []string
	}{{"read", c.ReadAttributes}, {"write", c.WriteAttributes}} {
		for _, name := range list.names {
			a := known[name]
			if a == nil || strings.HasPrefix(name, "dev:") {
				return fault.New(fault.InvalidParameter, "Invalid %s attributes specified while creating a client", list.what)
			}
			if list.what == "write" && unwritable(name) {
				return fault.New(fault.InvalidParameter, "Invalid write attributes specified while creating a client")
			}
		}
	}
	// AWS: a client that may write attributes must be able to write the required ones.
	if len(c.WriteAttributes) > 0 {
		for name, a := range known {
			if a.IsRequired() && name != "sub" && !slices.Contains(c.WriteAttributes, name) {
				return fault.New(fault.InvalidParameter, "Invalid write attributes specified while creating a client")
			}
		}
	}
	return nil
}

// unwritable reports whether users can never write the attribute themselves.
func unwritable(name string) bool {
	return name == "sub" || name == "email_verified" || name == "phone_number_verified" || strings.HasPrefix(name, "dev:")
}

// ProviderCognito is the pool itself in SupportedIdentityProviders.
const ProviderCognito = "COGNITO"
