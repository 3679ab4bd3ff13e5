package config

import (
	"fmt"
	"maps"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/sluicegate/sluice/outbound"
)

// OutboundRules says where connections to identity providers may go.
func (a *App) OutboundRules() outbound.Rules {
	networks, err := a.networks()
	if err != nil {
		return outbound.Rules{} // Validate has refused it
	}
	return outbound.Rules{Networks: networks}
}

func (a *App) networks() ([]netip.Prefix, error) {
	networks := make([]netip.Prefix, 0, len(a.OutboundNetworks))
	for _, text := range a.OutboundNetworks {
		network, err := netip.ParsePrefix(text)
		if err != nil || network != network.Masked() {
			return nil, fmt.Errorf("%q is not a network; write one such as 10.0.0.0/8 or ::1/128", text)
		}
		networks = append(networks, network)
	}
	return networks, nil
}

// tokenEndpoints are the providers whose endpoint can be set.
var tokenEndpoints = []string{"api.twitter.com", "graph.facebook.com", "www.amazon.com"}

func (a *App) validateTokenEndpoints(v *validator) {
	rules := a.OutboundRules()
	for _, provider := range slices.Sorted(maps.Keys(a.TokenEndpoints)) {
		if !slices.Contains(tokenEndpoints, provider) {
			v.add("token_endpoint", "%q is not a provider of access tokens; write one of %s", provider, strings.Join(tokenEndpoints, ", "))
			continue
		}
		endpoint := a.TokenEndpoints[provider]
		if u, err := url.Parse(endpoint); err != nil || u.RawQuery != "" || u.ForceQuery {
			v.add("token_endpoint", "%q is not a base URL; write one such as https://%s", endpoint, provider)
		} else if err := rules.CheckURL(endpoint); err != nil {
			v.add("token_endpoint", "%q: %v", endpoint, err)
		}
	}
}
