package providers

import (
	"errors"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
)

// CheckClient refuses identity providers of an app client that the pool does not have. A client with a provider that accepts
// unsolicited responses can have SAML providers only: attackers can sign its users in.
//
// Source of the text: lgallard/terraform-aws-cognito-user-pool#71.
func CheckClient(tx store.Tx, poolID string, names []string) error {
	unsolicited, other := "", ""
	for _, name := range names {
		p := store.IdentityProvider{}
		if name != userpool.ProviderCognito {
			var err error
			if p, err = tx.IdentityProviders.Get(poolID, name); errors.Is(err, store.ErrNotFound) {
				return invalid("The provider %s does not exist for User Pool %s.", name, poolID)
			} else if err != nil {
				return err
			}
		}
		if p.Unsolicited {
			unsolicited = name
		}
		if p.Type != string(SAML) {
			other = name
		}
	}
	if unsolicited != "" && other != "" {
		return invalid("A client that supports the provider %s, which has %s, can support providers of type SAML only, and not %s.",
			unsolicited, Unsolicited, other)
	}
	return nil
}
