package chain

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/sluicegate/sluice/seal"
	"github.com/sluicegate/sluice/store"
)

// maxHeads is how many chains the store knows. Each start of a process is one; the oldest are forgotten.
const maxHeads = 2048

// The names of the settings in the store.
const (
	listSetting = "audit-chains" // the ids, the oldest first
	headSetting = "audit-chain/" // and the id: a sealedHead
)

// authentic is a head with its MAC, so that who can write to the store but does not have the key cannot make one.
type authentic struct {
	Head json.RawMessage `json:"head"`
	MAC  string          `json:"mac"`
}

func headMAC(box *seal.Box, raw []byte) []byte {
	sum := box.PinnedMAC(Purpose, []byte("head"), raw)
	return sum[:]
}

// enter adds the chain to the list in the store and forgets the oldest.
func (c *Chain) enter(ctx context.Context) error {
	return c.o.Store.Update(ctx, func(tx store.Tx) error {
		ids, err := list(tx)
		if err != nil {
			return err
		}
		ids = append(ids, c.id)
		for ; len(ids) > maxHeads; ids = ids[1:] {
			if err := tx.Settings.Delete(headSetting + ids[0]); err != nil && !errors.Is(err, store.ErrNotFound) {
				return err
			}
		}
		raw, err := json.Marshal(ids)
		if err != nil {
			return err
		}
		return errors.Join(tx.Settings.Put(listSetting, raw), c.write(tx, c.last))
	})
}

func list(tx store.Tx) (ids []string, err error) {
	raw, err := tx.Settings.Get(listSetting)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(raw, &ids); err != nil {
		return nil, fmt.Errorf("the store's list of chains: %w", err)
	}
	return ids, nil
}

// put writes a head. A chain that the store has forgotten stays forgotten.
func (c *Chain) put(ctx context.Context, h Head) error {
	return c.o.Store.Update(ctx, func(tx store.Tx) error {
		ids, err := list(tx)
		if err != nil || !slices.Contains(ids, c.id) {
			return err
		}
		return c.write(tx, h)
	})
}

func (c *Chain) write(tx store.Tx, h Head) error {
	raw, err := json.Marshal(h)
	if err != nil {
		return err
	}
	value, err := json.Marshal(authentic{raw, base64.RawURLEncoding.EncodeToString(headMAC(c.o.Box, raw))})
	if err != nil {
		return err
	}
	return tx.Settings.Put(headSetting+h.Chain, value)
}

// Heads returns the ends of all chains that the store knows, the oldest chain first. It returns an error for one that Sluice did not
// write.
func Heads(ctx context.Context, s store.Store, box *seal.Box) (heads []Head, err error) {
	err = s.View(ctx, func(tx store.Tx) error {
		heads = nil
		ids, err := list(tx)
		if err != nil {
			return err
		}
		for _, id := range ids {
			value, err := tx.Settings.Get(headSetting + id)
			if err != nil {
				return fmt.Errorf("the end of chain %s in the store: %w", id, err)
			}
			h, err := readHead(box, id, value)
			if err != nil {
				return err
			}
			heads = append(heads, h)
		}
		return nil
	})
	return heads, err
}

func readHead(box *seal.Box, id string, value []byte) (h Head, err error) {
	var a authentic
	if err := json.Unmarshal(value, &a); err != nil {
		return h, fmt.Errorf("the end of chain %s in the store: %w", id, err)
	}
	mac, err := base64.RawURLEncoding.DecodeString(a.MAC)
	if err != nil || !equal(mac, headMAC(box, a.Head)) {
		return h, fmt.Errorf("the end of chain %s in the store was changed by someone without the key", id)
	}
	if err := json.Unmarshal(a.Head, &h); err != nil {
		return h, fmt.Errorf("the end of chain %s in the store: %w", id, err)
	}
	if h.Chain != id {
		return h, fmt.Errorf("the end of chain %s in the store is that of chain %s", id, h.Chain)
	}
	return h, nil
}
