package sql

import "github.com/sluicegate/sluice/store"

const deviceColumns = `pool_id, sub, device_key, group_key, name, salt, verifier, remembered, last_ip, created_at, modified_at,
	authenticated_at`

type devices struct{ *Transaction }

func scanDevice(r *row) store.Device {
	return store.Device{
		PoolID: r.text(), Sub: r.text(), Key: r.text(), GroupKey: r.text(), Name: r.text(), Salt: r.bytes(),
		Verifier: r.bytes(), Remembered: r.flag(), LastIP: r.text(), CreatedAt: r.time(), ModifiedAt: r.time(),
		AuthenticatedAt: r.time(),
	}
}

func (s devices) Get(poolID, sub, key string) (store.Device, error) {
	return one(s.Transaction, scanDevice,
		s.locked(`select `+deviceColumns+` from devices where pool_id = $1 and sub = $2 and device_key = $3`), poolID, sub, key)
}

func (s devices) Insert(d store.Device) error {
	return s.insert(`insert into devices (`+deviceColumns+`) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		deviceArgs(d)...)
}

func (s devices) Update(d store.Device) error {
	return s.change(`update devices set group_key = $4, name = $5, salt = $6, verifier = $7, remembered = $8, last_ip = $9,
		created_at = $10, modified_at = $11, authenticated_at = $12
		where pool_id = $1 and sub = $2 and device_key = $3`, deviceArgs(d)...)
}

func (s devices) Delete(poolID, sub, key string) error {
	return s.change(`delete from devices where pool_id = $1 and sub = $2 and device_key = $3`, poolID, sub, key)
}

func (s devices) List(poolID, sub string, p store.Page) ([]store.Device, error) {
	return all(s.Transaction, scanDevice, `select `+deviceColumns+` from devices
		where pool_id = $1 and sub = $2 and device_key > $3 order by device_key limit $4`, poolID, sub, p.After, limit(p))
}

func (s devices) Beyond(poolID, sub string, keep, most int) ([]store.Device, error) {
	return all(s.Transaction, scanDevice, `select `+deviceColumns+` from devices
		where pool_id = $1 and sub = $2 order by authenticated_at desc, device_key desc limit $3 offset $4`,
		poolID, sub, limit(store.Page{Limit: most}), keep)
}

// deviceArgs returns the values of deviceColumns, in order.
func deviceArgs(d store.Device) []any {
	return []any{
		d.PoolID, d.Sub, d.Key, d.GroupKey, d.Name, d.Salt, d.Verifier, d.Remembered, d.LastIP, d.CreatedAt, d.ModifiedAt,
		d.AuthenticatedAt,
	}
}
