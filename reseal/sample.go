package reseal

import (
	"errors"

	"github.com/sluicegate/sluice/authz/login"
	"github.com/sluicegate/sluice/iam"
	"github.com/sluicegate/sluice/identitypool"
	"github.com/sluicegate/sluice/store"
)

// Sample returns sealed texts of a store that releases before the record of master keys made.
func Sample(tx store.Tx) (list [][]byte, err error) {
	root, err := tx.Settings.Get(iam.RootSetting)
	if err == nil {
		list = append(list, root)
	} else if !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	pools, err := tx.Pools.List(store.Page{Limit: 3})
	if err != nil {
		return nil, err
	}
	owners := []string{identitypool.KeyOwner, login.KeyOwner}
	for _, p := range pools {
		owners = append(owners, p.ID)
	}
	for _, owner := range owners {
		keys, err := tx.SigningKeys.List(owner)
		if err != nil {
			return nil, err
		}
		for _, k := range keys {
			list = append(list, k.Private)
		}
	}
	return list, nil
}
