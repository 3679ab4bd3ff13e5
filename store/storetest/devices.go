package storetest

import (
	"testing"
	"time"

	"github.com/sluicegate/sluice/store"
)

func device(sub, key string) store.Device {
	return store.Device{PoolID: pool1, Sub: sub, Key: key, GroupKey: "-abcdefgh", CreatedAt: at(0), ModifiedAt: at(0), AuthenticatedAt: at(0)}
}

func testDevices(t *testing.T, st store.Store) {
	seed(t, st)
	full := device("sub-ann", "us-east-1_b")
	full.Name, full.Salt, full.Verifier = "phone", []byte{1, 0}, []byte{0, 2}
	full.Remembered, full.LastIP, full.AuthenticatedAt = true, "192.0.2.1", at(3)
	testRecord(t, st, keeper[store.Device]{
		get:    func(tx store.Tx, d store.Device) (store.Device, error) { return tx.Devices.Get(d.PoolID, d.Sub, d.Key) },
		insert: func(tx store.Tx, d store.Device) error { return tx.Devices.Insert(d) },
		update: func(tx store.Tx, d store.Device) error { return tx.Devices.Update(d) },
		delete: func(tx store.Tx, d store.Device) error { return tx.Devices.Delete(d.PoolID, d.Sub, d.Key) },
	}, full, device("sub-ann", "us-east-1_b"), "device", "key")

	orphan := device("x", "us-east-1_a")
	wantErr(t, "of a user that does not exist", try(st, func(tx store.Tx) error { return tx.Devices.Insert(orphan) }), store.ErrNotFound)
	first, third := device("sub-ann", "us-east-1_a"), device("sub-ann", "us-east-1_c")
	first.AuthenticatedAt, third.AuthenticatedAt = at(4), at(2)
	theirs := device("sub-bob", "us-east-1_b") // the key is unique for a user only
	update(t, st, func(tx store.Tx) error {
		for _, d := range []store.Device{third, full, theirs, first} {
			wantErr(t, "insert", tx.Devices.Insert(d), nil)
		}
		return nil
	})
	view(t, st, func(tx store.Tx) error {
		for _, c := range []struct {
			page store.Page
			want []store.Device
		}{
			{store.Page{}, []store.Device{first, full, third}},
			{store.Page{Limit: 2}, []store.Device{first, full}},
			{store.Page{After: "us-east-1_b", Limit: 2}, []store.Device{third}},
			{store.Page{After: "us-east-1_c"}, nil},
		} {
			list, err := tx.Devices.List(pool1, "sub-ann", c.page)
			wantErr(t, "list", err, nil)
			same(t, "list", list, c.want)
		}
		for _, c := range []struct {
			keep, limit int
			want        []store.Device
		}{
			{0, 0, []store.Device{first, full, third}},
			{1, 1, []store.Device{full}},
			{2, 5, []store.Device{third}},
			{3, 5, nil},
		} {
			list, err := tx.Devices.Beyond(pool1, "sub-ann", c.keep, c.limit)
			wantErr(t, "beyond", err, nil)
			same(t, "beyond", list, c.want)
		}
		_, err := tx.Devices.Get(pool2, "sub-ann", "us-east-1_b")
		wantErr(t, "of another pool", err, store.ErrNotFound)
		return nil
	})
}

func testRefreshTokensOfADevice(t *testing.T, st store.Store) {
	seed(t, st)
	family := func(id, sub, key string, forgotten time.Time) store.RefreshToken {
		f := token(id, sub)
		f.DeviceKey, f.DeviceForgottenAt = key, forgotten
		return f
	}
	var never time.Time
	update(t, st, func(tx store.Tx) error {
		for _, f := range []store.RefreshToken{
			family("1", "sub-ann", "us-east-1_a", never), family("2", "sub-ann", "us-east-1_b", never),
			family("3", "sub-ann", "us-east-1_a", at(3)), family("4", "sub-bob", "us-east-1_a", never), token("5", "sub-ann"),
		} {
			wantErr(t, "insert", tx.RefreshTokens.Insert(f), nil)
		}
		of, err := tx.RefreshTokens.OfDevice(pool1, "sub-ann", "us-east-1_a", 9)
		wantErr(t, "families of a device", err, nil)
		if len(of) == 0 || of[0].DeviceKey != "us-east-1_a" {
			t.Errorf("families of a device: %+v", of)
		}
		of, err = tx.RefreshTokens.OfDevice(pool1, "sub-ann", "us-east-1_x", 9)
		wantErr(t, "families of no device", err, nil)
		same(t, "families of no device", len(of), 0)
		wantErr(t, "forget one that is not there", tx.RefreshTokens.ForgetDevice(pool1, "sub-ann", "us-east-1_x", at(9)), nil)
		return tx.RefreshTokens.ForgetDevice(pool1, "sub-ann", "us-east-1_a", at(9))
	})
	view(t, st, func(tx store.Tx) error {
		for id, want := range map[string]time.Time{"1": at(9), "2": never, "3": at(3), "4": never, "5": never} {
			f, err := tx.RefreshTokens.Get(id)
			wantErr(t, "get", err, nil)
			same(t, "forgotten at "+id, f.DeviceForgottenAt, want)
			same(t, "revoked at "+id, f.RevokedAt, never)
		}
		return nil
	})
}
