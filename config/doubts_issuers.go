package config

import (
	"fmt"
	"slices"
	"strings"
)

// stableNames are the claims of presets that hold identifiers, in which no address is.
var stableNames = map[string]string{"https://accounts.google.com": "sub", "https://appleid.apple.com": "sub", "https://login.microsoftonline.com/": "oid"}

// doubtsOfNames finds rules with an address as a user name on routes whose issuers have identifiers there.
func (a *Authorize) doubtsOfNames() (found []string) {
	for _, i := range a.Issuers {
		for url, claim := range stableNames {
			if i.UsernameClaim != claim || i.URL != url && (claim == "sub" || !strings.HasPrefix(i.URL, url)) {
				continue
			}
			for _, r := range a.Rules {
				if r.Subject == "user" && slices.ContainsFunc(r.Names, func(name string) bool { return strings.Contains(name, "@") }) {
					found = append(found, fmt.Sprintf("%s: user names of %s are the identifiers in %s, not addresses. "+
						"Write these, or a rule such as %s claim email <address> …, or set username_claim.", r.String(), i.URL, claim, r.Effect))
				}
			}
		}
	}
	return found
}
