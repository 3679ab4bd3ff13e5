package passkeys

import (
	"slices"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
)

// PurposeStandIn keys the hash from which the passkeys of users who do not exist follow. Its key is pinned, so that a new master key
// does not change them, which would tell them from users.
const PurposeStandIn = "passkey of a user that does not exist"

// standInModels are what the made-up passkeys look like: the credential IDs of widespread authenticators have these lengths.
var standInModels = []struct {
	size       int
	transports []string
}{
	{16, []string{"hybrid", "internal"}},
	{20, []string{"hybrid", "internal"}},
	{32, []string{"internal"}},
	{32, []string{"hybrid", "internal"}},
	{48, []string{"usb"}},
	{64, []string{"nfc", "usb"}},
	{16, []string{"internal"}},
	{20, []string{"internal"}},
}

// standIns returns the passkeys of a user who does not exist: one to three for every second name, always the same, also
// when the master key is replaced. AWS answers such a name with any of the challenges that the pool allows.
//
// Source: the developer guide, "Managing user existence error responses".
func (s *Service) standIns(p *userpool.Pool, name string) (list []store.Passkey) {
	sum := s.base.Seal.PinnedMAC(PurposeStandIn, []byte(p.ID), []byte(p.Key(name)))
	for i := range standInCounts[sum[0]%byte(len(standInCounts))] {
		first := s.base.Seal.PinnedMAC(PurposeStandIn, []byte(p.ID), []byte(p.Key(name)), []byte{'i', 'd', byte(i)})
		second := s.base.Seal.PinnedMAC(PurposeStandIn, first[:])
		m := standInModels[int(sum[1+i])%len(standInModels)]
		list = append(list, store.Passkey{PoolID: p.ID, ID: slices.Concat(first[:], second[:])[:m.size], Transports: m.transports})
	}
	return list
}

// standInCounts are how many passkeys stand-ins have.
var standInCounts = [16]int{8: 1, 9: 1, 10: 1, 11: 1, 12: 1, 13: 2, 14: 2, 15: 3}
