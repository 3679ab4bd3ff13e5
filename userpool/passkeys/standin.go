package passkeys

import (
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
)

// purposeStandIn keys the hash from which the passkeys of users who do not exist follow.
const purposeStandIn = "passkey of a user that does not exist"

// standInModels are what the made-up passkeys look like: the credential IDs of widespread authenticators have these lengths.
var standInModels = []struct {
	size       int
	transports []string
}{
	{16, []string{"hybrid", "internal"}},
	{20, []string{"hybrid", "internal"}},
	{32, []string{"internal"}},
	{32, []string{"hybrid", "internal"}},
}

// standIns returns the passkeys of a user who does not exist: one for every second name, always the same as long as the
// master key is. AWS answers such a name with any of the challenges that the pool allows.
//
// Source: the developer guide, "Managing user existence error responses".
func (s *Service) standIns(p *userpool.Pool, name string) []store.Passkey {
	sum := s.base.Seal.MAC(purposeStandIn, []byte(p.ID), []byte(p.Key(name)))
	if sum[0]&1 == 0 {
		return nil
	}
	id := s.base.Seal.MAC(purposeStandIn, []byte(p.ID), []byte(p.Key(name)), []byte("id"))
	m := standInModels[int(sum[1])%len(standInModels)]
	return []store.Passkey{{PoolID: p.ID, ID: id[:m.size], Transports: m.transports}}
}
