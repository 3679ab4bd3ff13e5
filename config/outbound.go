package config

import (
	"fmt"
	"net/netip"

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
