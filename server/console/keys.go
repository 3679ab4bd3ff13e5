package console

import (
	"context"
	"errors"
	"time"

	"github.com/sluicegate/sluice/api"
	"github.com/sluicegate/sluice/api/cognitoidp"
	"github.com/sluicegate/sluice/authz/login"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/identitypool"
	"github.com/sluicegate/sluice/server/console/pages"
	"github.com/sluicegate/sluice/store"
)

var errNoDecision = fault.New(fault.ResourceNotFound, "This decision is no longer stored: only the latest refusals of each process are, and only until it restarts.")

// keysPage lists the signing keys of the pools of one page of user pools, of identity pools, and of the edge. Private keys stay sealed.
func (v *visit) keysPage() (*pages.Page, error) {
	v.frame.Nav = "keys"
	if err := v.allowed("sluice:ListKeys"); err != nil {
		return nil, err
	}
	list, err := call[cognitoidp.ListUserPoolsResponse](v, "cognito-idp", "ListUserPools", &cognitoidp.ListUserPoolsRequest{MaxResults: new(20), NextToken: v.token()})
	if err != nil {
		return nil, err
	}
	table := &pages.Table{Caption: "Signing keys of user pools", Columns: append([]string{"User pool"}, keyColumns...), Empty: "There are no user pools."}
	for _, pool := range list.UserPools {
		rows, err := v.keyRows(api.Value(pool.Id))
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			table.Rows = append(table.Rows, append([]pages.Value{link(api.Value(pool.Name), to("/pool", "pool", api.Value(pool.Id)))}, row...))
		}
	}
	next(v, table, list.NextToken)
	p := &pages.Page{Title: "Keys", Sections: []pages.Section{{ID: "pools", Title: "User pools", Facts: v.regions(), Table: table}}}
	for _, other := range []struct{ id, title, owner string }{
		{"identity", "Identity pools", identitypool.KeyOwner}, {"edge", "Signed headers of logins at the edge", login.KeyOwner},
	} {
		rows, err := v.keyRows(other.owner)
		if err != nil {
			return nil, err
		}
		if len(rows) > 0 {
			p.Sections = append(p.Sections, pages.Section{ID: other.id, Title: other.title, Table: &pages.Table{Caption: other.title, Columns: keyColumns, Rows: rows}})
		}
	}
	return p, nil
}

var keyColumns = []string{"Use", "Key", "Algorithm", "State", "Created", "Signs from"}

// keyRows are the rows of the signing keys of an owner.
func (v *visit) keyRows(owner string) ([][]pages.Value, error) {
	keys, err := v.h.signingKeys(v.r.Context(), owner)
	var rows [][]pages.Value
	for i := range keys {
		k := &keys[i]
		rows = append(rows, []pages.Value{{Text: k.Use}, {Text: k.ID, Look: pages.Code}, {Text: k.Algorithm}, keyState(k, v.h.o.Now()), {When: k.CreatedAt}, {When: k.SignsFrom}})
	}
	return rows, err
}

func (h *Handler) signingKeys(ctx context.Context, owner string) (keys []store.SigningKey, err error) {
	err = h.o.Store.View(ctx, func(tx store.Tx) (err error) {
		keys, err = tx.SigningKeys.List(owner)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	return keys, err
}

// keyState says what a signing key does now.
func keyState(k *store.SigningKey, now time.Time) pages.Value {
	switch {
	case k.SignsFrom.After(now):
		return pages.Value{Text: "signs next", Look: pages.Warn}
	case !k.ExpiresAt.IsZero() && !k.ExpiresAt.After(now):
		return pages.Value{Text: "checks hints only", Look: pages.Calm}
	case !k.SignsTo.IsZero() && !k.SignsTo.After(now):
		return pages.Value{Text: "verifies only", Look: pages.Calm}
	}
	return pages.Value{Text: "signs", Look: pages.Good}
}
