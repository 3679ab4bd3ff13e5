package userpool

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/sluicegate/sluice/fault"
	"golang.org/x/net/publicsuffix"
)

// FactorWebAuthn is the first factor of passkeys, in SignInPolicy.AllowedFirstAuthFactors.
const FactorWebAuthn = "WEB_AUTHN"

// WebAuthnConfig is the WebAuthnConfiguration of SetUserPoolMfaConfig.
type WebAuthnConfig struct {
	// The domain of passkeys; "" = that of the pool.
	RelyingPartyID      string `json:"RelyingPartyId,omitempty"`
	UserVerification    string `json:"UserVerification,omitempty"`    // required or preferred; "" is preferred
	FactorConfiguration string `json:"FactorConfiguration,omitempty"` // "" is SINGLE_FACTOR
}

// Values of FactorConfiguration. With multiFactor a passkey that verified the user counts as two factors.
const (
	singleFactor = "SINGLE_FACTOR"
	multiFactor  = "MULTI_FACTOR_WITH_USER_VERIFICATION"
)

// WebAuthn is the resolved configuration of passkeys.
type WebAuthn struct {
	Enabled      bool   // passkeys are a first factor of the pool
	RelyingParty string // the RP ID; "" if the pool has none, and then no passkey can be registered or used
	Verify       bool   // every use must verify the user, for example with a PIN or a fingerprint
	MultiFactor  bool   // a passkey that verified the user counts as two factors
}

// Usable reports whether users can sign in with passkeys.
func (w WebAuthn) Usable() bool { return w.Enabled && w.RelyingParty != "" }

// webAuthn resolves the configuration. The RP ID of a pool without one is its domain, which Service.Pool adds.
func (p *PoolSettings) webAuthn() WebAuthn {
	c := p.WebAuthnConfiguration
	if c == nil {
		c = &WebAuthnConfig{}
	}
	w := WebAuthn{RelyingParty: c.RelyingPartyID, MultiFactor: c.FactorConfiguration == multiFactor}
	w.Verify = c.UserVerification == "required" || w.MultiFactor
	if p.Policies != nil && p.Policies.SignInPolicy != nil {
		w.Enabled = slices.Contains(p.Policies.SignInPolicy.AllowedFirstAuthFactors, FactorWebAuthn)
	}
	return w
}

// validateWebAuthn refuses an RP ID that no browser accepts, and a FactorConfiguration in the tier LITE.
func (p *PoolSettings) validateWebAuthn() error {
	c := p.WebAuthnConfiguration
	if c == nil {
		return nil
	}
	// The API's model checks requests; declared settings are checked here.
	if !slices.Contains([]string{"", "required", "preferred"}, c.UserVerification) {
		return fault.New(fault.InvalidParameter, "Invalid UserVerification: it is required or preferred.")
	}
	if !slices.Contains([]string{"", singleFactor, multiFactor}, c.FactorConfiguration) {
		return fault.New(fault.InvalidParameter, "Invalid FactorConfiguration: it is %s or %s.", singleFactor, multiFactor)
	}
	if c.FactorConfiguration != "" {
		if err := p.needsEssentials("Passkey MFA"); err != nil {
			return err
		}
	}
	if id := c.RelyingPartyID; id != "" && !relyingParty(id) {
		return fault.New(fault.InvalidParameter, "Invalid RelyingPartyId: it must be a domain name in lower case that is not a public suffix.")
	}
	return nil
}

// checkSingleFactor refuses passkeys as a single factor in a pool that requires two.
//
// Source of the text: go-to-k/cdkd#1975, measured on AWS.
func (p *PoolSettings) checkSingleFactor() error {
	if p.MfaConfiguration == MFAOn && p.WebAuthnConfiguration.FactorConfiguration == singleFactor && p.webAuthn().Enabled {
		return fault.New(fault.InvalidParameter, "Cannot set WebAuthn factor configuration to SINGLE_FACTOR if MFA is required and WebAuthn is an allowed first auth factor")
	}
	return nil
}

// relyingParty reports whether id is a valid domain string and no public suffix. A host name of one label that is no listed suffix,
// such as localhost, is valid.
//
// Source: Web Authentication Level 3, section 5.1.3, steps on rp.id; the public suffix list; the ID 123456789 of
// TestAccCognitoIDPUserPool_webAuthnConfiguration of terraform-provider-aws.
func relyingParty(id string) bool {
	if _, err := netip.ParseAddr(id); err == nil {
		return false
	}
	for label := range strings.SplitSeq(id, ".") {
		if !hostLabel(label) {
			return false
		}
	}
	suffix, listed := publicsuffix.PublicSuffix(id)
	return suffix != id || !listed && !strings.Contains(id, ".")
}

// hostLabel reports whether s is one label of a host name: letters, digits and inner hyphens.
func hostLabel(s string) bool {
	if s == "" || len(s) > 63 || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	return strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}
