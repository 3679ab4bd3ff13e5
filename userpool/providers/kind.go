package providers

import (
	"maps"
	"net"
	"net/url"
	"slices"
	"strings"

	"github.com/sluicegate/sluice/fault"
)

// kind is what is specific to a type of provider.
type kind struct {
	required []string                              // details that must be given
	missing  string                                // AWS's text for one that is not
	optional []string                              // details that may be given, besides those that every type has
	filled   map[string]string                     // details of which a missing one gets the value
	hidden   []string                              // details that are not shown
	subject  string                                // what the provider calls its id of a user
	check    func(details map[string]string) error // nil for no specific rule
}

// kinds is the registry of types. Each has its file.
var kinds = map[Type]*kind{SAML: &saml, OIDC: &oidc, Google: &google, Facebook: &facebook, Amazon: &amazon, Apple: &apple}

// addresses are the details that are URLs. Every type but SAML takes all of them, so that each can be used with a provider that only
// looks like the one in the world.
var addresses = []string{AuthorizeURL, TokenURL, UserInfoURL, KeysURL, Issuer}

// Limits of details. Metadata is as long as AWS's answers of providers can be.
const (
	maxDetail   = 2048
	maxMetadata = 1 << 20
)

// socialDetails is AWS's text for a detail that a provider of Google, Facebook or Amazon must have.
//
// Source of the texts of missing and wrong details: cdk-preflight, measured on AWS.
const socialDetails = "clientId, clientSecret and authorizeScopes are all required idp details."

func invalid(format string, args ...any) error {
	return fault.New(fault.InvalidParameter, format, args...)
}

// complete returns the details with what the type fills in, or why a provider of the type cannot have them.
func (k *kind) complete(t Type, given map[string]string) (map[string]string, error) {
	details := maps.Clone(given)
	for _, key := range slices.Sorted(maps.Keys(given)) {
		value := given[key]
		switch {
		case !k.takes(key):
			return nil, invalid("ProviderDetails contains the key %s, which a provider of type %s does not have.", key, t)
		case len(value) > maxDetail && key != MetadataFile, len(value) > maxMetadata:
			return nil, invalid("The value of %s in ProviderDetails is too long.", key)
		case slices.Contains(addresses, key) && value != "":
			if err := checkURL(key, value); err != nil {
				return nil, err
			}
		case value == "":
			delete(details, key)
		}
	}
	for _, key := range k.required {
		if details[key] == "" {
			return nil, invalid("%s", k.missing)
		}
	}
	for key, value := range k.filled {
		if details[key] == "" {
			details[key] = value
		}
	}
	if k.check != nil {
		if err := k.check(details); err != nil {
			return nil, err
		}
	}
	return details, nil
}

func (k *kind) takes(key string) bool {
	_, fills := k.filled[key]
	return fills || slices.Contains(k.required, key) || slices.Contains(k.optional, key)
}

// checkURL refuses a value that is not a URL of a provider: https, or http on this machine.
func checkURL(key, value string) error {
	u, err := url.Parse(value)
	switch {
	case err != nil || u.Hostname() == "" || u.User != nil || u.Fragment != "" || u.Opaque != "":
		return invalid("The value of %s in ProviderDetails is not a URL.", key)
	case u.Scheme == "https", u.Scheme == "http" && loopback(u.Hostname()):
		return nil
	}
	if key == MetadataURL {
		return invalid("The value of %s in ProviderDetails must be an https URL.", key)
	}
	return invalid("OIDC endpoint must start with https://")
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || ip != nil && ip.IsLoopback()
}

// checkMethod normalizes a detail that is GET or POST.
func checkMethod(details map[string]string, key string) error {
	switch value := strings.ToUpper(details[key]); value {
	case "":
	case "GET", "POST":
		details[key] = value
	default:
		if key == Method {
			return invalid("1 validation error detected: Value '%s' at 'providerConfiguration.oidcConfig.attributesRequestMethod' failed to satisfy constraint: "+
				"Member must satisfy enum value set: [POST, GET]", details[key])
		}
		return invalid("The value of %s in ProviderDetails must be GET or POST.", key)
	}
	return checkFlag(details, AddNames)
}

// checkFlag normalizes a detail that is true or false.
func checkFlag(details map[string]string, key string) error {
	switch value := strings.ToLower(details[key]); value {
	case "":
	case "true", "false":
		details[key] = value
	default:
		return invalid("The value of %s in ProviderDetails must be true or false.", key)
	}
	return nil
}
