package sql

import "time"

type settings struct{ *Transaction }

func (s settings) Get(name string) ([]byte, error) {
	return one(s.Transaction, (*row).bytes, `select value from settings where name = $1`, name)
}

func (s settings) Put(name string, value []byte) error {
	return s.insert(`insert into settings (name, value) values ($1, $2)
		on conflict (name) do update set value = excluded.value`, name, value)
}

func (s settings) Delete(name string) error {
	return s.insert(`delete from settings where name = $1`, name)
}

// Beat writes the time to a row of its own. A backend's Ping uses it to find out whether the database takes writes.
func (t *Transaction) Beat(at time.Time) error {
	return t.insert(`insert into heartbeat (id, at) values (1, $1) on conflict (id) do update set at = excluded.at`, at)
}
