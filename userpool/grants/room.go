package grants

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/oauthclient"
)

// maxUnused is how many registered clients that nobody has used a pool keeps, of those with an initial access token and of those without:
// AWS's quota of app clients.
const maxUnused = 1000

// makeRoom deletes the oldest clients that registered in the same way and that nobody has used, so that one more does not exceed maxUnused.
// It returns their ids. So a stranger can neither close registration nor push out a client that has users, one that an administrator
// changed, or one that registered with an initial access token.
func makeRoom(tx store.Tx, poolID, unused string) (gone []string, err error) {
	list, err := tx.Clients.List(poolID, store.Page{})
	if err != nil {
		return nil, err
	}
	list = slices.DeleteFunc(list, func(c store.Client) bool {
		var settings struct{ OAuth *oauthclient.Metadata }
		return json.Unmarshal(c.Settings, &settings) != nil || settings.OAuth.NeverUsed() != unused
	})
	slices.SortFunc(list, func(a, b store.Client) int { return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID)) })
	for i := range max(0, len(list)-maxUnused+1) {
		if err := tx.Clients.Delete(list[i].ID); err != nil {
			return nil, err
		}
		gone = append(gone, list[i].ID)
	}
	return gone, nil
}

// useMachine notes that a registered client which acts for itself has been used. One that registered without an initial access token
// stays unused: no user stands behind it.
func (s *Service) useMachine(ctx context.Context, c *userpool.Client) error {
	if c.Settings.OAuth.NeverUsed() != oauthclient.UnusedVouched {
		return nil
	}
	defer s.o.Pools.ChangedClient(c.ID)
	return s.base.Update(ctx, func(tx store.Tx) error { return s.o.Pools.UseClient(tx, c) })
}
