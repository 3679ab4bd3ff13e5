package masterkey

import (
	"encoding/json"
	"fmt"

	"github.com/sluicegate/sluice/seal"
)

// Setting is the name of the record in store.Settings that says which master keys a store may need.
const Setting = setting

// Needs returns the master keys that a store may need, of the value of its setting.
func Needs(record []byte) ([]Known, error) {
	var r struct{ Keys []Known }
	if err := json.Unmarshal(record, &r); err != nil {
		return nil, fmt.Errorf("master key: the setting %q of the store is corrupt: %w", setting, err)
	}
	return r.Keys, nil
}

// OpenedBy reports whether a Box has the key: not only one with its id, but the one that sealed the check value.
func (k Known) OpenedBy(box *seal.Box) bool {
	_, err := box.Open(purposeCheck, k.Check, []byte(k.ID))
	return err == nil
}
