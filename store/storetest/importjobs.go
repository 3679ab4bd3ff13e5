package storetest

import (
	"testing"

	"github.com/sluicegate/sluice/store"
)

func testImportJobs(t *testing.T, st store.Store) {
	seed(t, st)
	full := store.ImportJob{PoolID: pool1, ID: "import-a", Name: "first", RoleARN: "arn:aws:iam::123456789012:role/logs", Algorithm: "BCRYPT",
		Status: "Pending", Message: "m", Upload: "u1", Size: 3, Rows: 6, Imported: 1, Skipped: 2, Failed: 3, CreatedAt: at(0), StartedAt: at(1),
		EndedAt: at(2), DueAt: at(9)}
	idle := store.ImportJob{PoolID: pool1, ID: "import-b", Status: "Created", CreatedAt: at(3)}
	early := store.ImportJob{PoolID: pool2, ID: "import-a", Status: "InProgress", CreatedAt: at(3), DueAt: at(4)}
	updateLast(t, st, func(t testing.TB, tx store.Tx) error {
		wantErr(t, "update before insert", tx.ImportJobs.Update(full), store.ErrNotFound)
		wantErr(t, "part before the job", tx.ImportJobs.PutPart(pool1, "import-a", "u1", 0, []byte{1}), store.ErrNotFound)
		wantErr(t, "log before the job", tx.ImportJobs.PutLog(pool1, "import-a", 0, "x"), store.ErrNotFound)
		for _, j := range []store.ImportJob{full, idle, early} {
			wantErr(t, "insert", tx.ImportJobs.Insert(j), nil)
		}
		wantErr(t, "insert again", tx.ImportJobs.Insert(full), store.ErrExists)
		return nil
	})
	update(t, st, func(tx store.Tx) error {
		got, err := tx.ImportJobs.Get(pool1, "import-a")
		wantErr(t, "get", err, nil)
		same(t, "get", got, full)
		list, err := tx.ImportJobs.List(pool1, store.Page{After: "import-a", Limit: 5})
		wantErr(t, "list", err, nil)
		same(t, "list", list, []store.ImportJob{idle})
		due, err := tx.ImportJobs.Due(5)
		wantErr(t, "due", err, nil)
		same(t, "due", due, []store.ImportJob{early, full})
		full.Status, full.Rows, full.DueAt = "Succeeded", 7, at(10)
		wantErr(t, "update", tx.ImportJobs.Update(full), nil)
		wantErr(t, "put a part", tx.ImportJobs.PutPart(pool1, "import-a", "u1", 0, []byte{0, 255}), nil)
		wantErr(t, "put a part", tx.ImportJobs.PutPart(pool1, "import-a", "u2", 0, []byte{2}), nil)
		wantErr(t, "put a log", tx.ImportJobs.PutLog(pool1, "import-a", 1, "one\ntwo\n"), nil)
		return nil
	})
	update(t, st, func(tx store.Tx) error {
		got, err := tx.ImportJobs.Get(pool1, "import-a")
		wantErr(t, "get", err, nil)
		same(t, "updated", got, full)
		idle.Status = "Expired"
		wantErr(t, "update the idle job", tx.ImportJobs.Update(idle), nil)
		list, err := tx.ImportJobs.Abandoned(at(99), 5)
		wantErr(t, "abandoned", err, nil)
		same(t, "abandoned jobs without parts, and with a time to work", list, []store.ImportJob(nil))
		wantErr(t, "put a part", tx.ImportJobs.PutPart(pool1, "import-b", "u1", 0, []byte{3}), nil)
		list, err = tx.ImportJobs.Abandoned(at(3), 5)
		wantErr(t, "abandoned", err, nil)
		same(t, "abandoned jobs of later", list, []store.ImportJob(nil))
		list, err = tx.ImportJobs.Abandoned(at(4), 5)
		wantErr(t, "abandoned", err, nil)
		same(t, "abandoned jobs", list, []store.ImportJob{idle})
		part, err := tx.ImportJobs.Part(pool1, "import-a", "u1", 0)
		wantErr(t, "part", err, nil)
		same(t, "part", part, []byte{0, 255})
		lines, err := tx.ImportJobs.Log(pool1, "import-a", 1)
		wantErr(t, "log", err, nil)
		same(t, "log", lines, "one\ntwo\n")
		wantErr(t, "delete the parts", tx.ImportJobs.DeleteParts(pool1, "import-a"), nil)
		_, err = tx.ImportJobs.Part(pool1, "import-a", "u2", 0)
		wantErr(t, "a part after the delete", err, store.ErrNotFound)
		wantErr(t, "delete", tx.ImportJobs.Delete(pool1, "import-a"), nil)
		wantErr(t, "delete again", tx.ImportJobs.Delete(pool1, "import-a"), store.ErrNotFound)
		_, err = tx.ImportJobs.Log(pool1, "import-a", 1)
		wantErr(t, "the log after the delete", err, store.ErrNotFound)
		return tx.Pools.Delete(pool2)
	})
	view(t, st, func(tx store.Tx) error {
		_, err := tx.ImportJobs.Get(pool2, "import-a")
		wantErr(t, "get after the pool", err, store.ErrNotFound)
		return nil
	})
}

func testInsertAll(t *testing.T, st store.Store) {
	seed(t, st)
	one, two, three := user(pool1, "sub-one", "one"), user(pool1, "sub-two", "two"), user(pool1, "sub-three", "three")
	again := user(pool1, "sub-four", "one")
	updateLast(t, st, func(t testing.TB, tx store.Tx) error {
		wantErr(t, "none", tx.Users.InsertAll(nil), nil)
		wantErr(t, "two", tx.Users.InsertAll([]store.User{one, two}), nil)
		wantErr(t, "one of them exists", tx.Users.InsertAll([]store.User{three, again}), store.ErrExists)
		_, err := tx.Users.Get(pool1, "sub-three")
		wantErr(t, "a user beside one who exists", err, store.ErrNotFound)
		wantErr(t, "a write after it", tx.Users.Insert(three), nil)
		return nil
	})
	view(t, st, func(tx store.Tx) error {
		for _, sub := range []string{"sub-one", "sub-two", "sub-three"} {
			_, err := tx.Users.Get(pool1, sub)
			wantErr(t, sub, err, nil)
		}
		return nil
	})
}

func testRename(t *testing.T, st store.Store) {
	seed(t, st)
	one, two := user(pool1, "sub-one", "one"), user(pool1, "sub-two", "two")
	one.Aliases, two.Aliases = []store.Alias{{Kind: "email", Value: "a@example.com"}}, []store.Alias{{Kind: "email", Value: "b@example.com"}}
	update(t, st, func(tx store.Tx) error { return tx.Users.InsertAll([]store.User{one, two}) })
	one.Key, one.Aliases, two.Aliases, one.Attributes["custom:new"] = "uno", two.Aliases, one.Aliases, "x"
	clash := two
	clash.Key = one.Key
	updateLast(t, st, func(t testing.TB, tx store.Tx) error {
		wantErr(t, "aliases away", tx.Users.DropAliases(pool1), nil)
		wantErr(t, "one of two fails", tx.Users.Rename([]store.User{one, clash}), store.ErrExists)
		_, err := tx.Users.ByKey(pool1, "uno")
		wantErr(t, "the other one then", err, store.ErrNotFound)
		wantErr(t, "rename", tx.Users.Rename([]store.User{one, two}), nil)
		return nil
	})
	view(t, st, func(tx store.Tx) error {
		got, err := tx.Users.ByAlias(pool1, one.Aliases[0])
		wantErr(t, "by alias", err, nil)
		same(t, "by its new alias", got, one)
		_, err = tx.Users.ByKey(pool1, "one")
		wantErr(t, "by the key of before", err, store.ErrNotFound)
		list, err := tx.Users.ListNames(pool1, store.Page{After: "sub-on", Limit: 1})
		wantErr(t, "names", err, nil)
		same(t, "names", list, []store.User{{PoolID: pool1, Sub: one.Sub, Username: one.Username, Key: one.Key, Aliases: one.Aliases, Status: one.Status, Attributes: one.Attributes}})
		return nil
	})
}
