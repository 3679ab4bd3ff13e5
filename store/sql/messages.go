package sql

import (
	"errors"
	"time"

	"github.com/sluicegate/sluice/store"
)

const messageColumns = `id, pool_id, topic, origin, sealed, attempts, created_at, due_at, expires_at, lane`

type messages struct{ *Transaction }

func scanMessage(r *row) store.Message {
	return store.Message{
		ID: r.text(), PoolID: r.text(), Topic: r.bytes(), Origin: r.bytes(), Sealed: r.bytes(), Attempts: r.number(),
		CreatedAt: r.time(), DueAt: r.time(), ExpiresAt: r.time(), Lane: r.text(),
	}
}

func (s messages) Put(m store.Message) error {
	return s.insert(`insert into messages (`+messageColumns+`) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		on conflict (pool_id, topic) do update set id = excluded.id, origin = excluded.origin, sealed = excluded.sealed,
		attempts = excluded.attempts, created_at = excluded.created_at, due_at = excluded.due_at,
		expires_at = excluded.expires_at, lane = excluded.lane`,
		m.ID, m.PoolID, m.Topic, m.Origin, m.Sealed, m.Attempts, m.CreatedAt, m.DueAt, m.ExpiresAt, m.Lane)
}

// Lanes steps from one lane to the next, each the first entry of an index from there on.
func (s messages) Lanes() ([]string, error) {
	var lanes []string
	for from := ""; ; {
		lane, err := one(s.Transaction, (*row).text, `select lane from messages where lane >= $1 order by lane limit 1`, from)
		if errors.Is(err, store.ErrNotFound) {
			return lanes, nil
		}
		if err != nil {
			return nil, err
		}
		lanes, from = append(lanes, lane), lane+"\x01"
	}
}

func (s messages) Next(lane string) (time.Time, error) {
	return one(s.Transaction, (*row).time, `select due_at from messages where lane = $1 order by due_at, id limit 1`, lane)
}

func (s messages) Count() (int, error) {
	return one(s.Transaction, (*row).number, `select count(*) from messages`)
}

func (s messages) Delete(id string) error {
	return s.insert(`delete from messages where id = $1`, id)
}

func (s messages) Take(lane string, now, until time.Time, most int) ([]store.Message, error) {
	list, err := all(s.Transaction, scanMessage,
		s.locked(`select `+messageColumns+` from messages where lane = $1 and due_at <= $2 order by due_at, id limit $3`), lane, now, most)
	if err != nil {
		return nil, err
	}
	for i := range list {
		m := &list[i]
		m.Attempts, m.DueAt = m.Attempts+1, until
		if err := s.change(`update messages set attempts = $2, due_at = $3 where id = $1`, m.ID, m.Attempts, m.DueAt); err != nil {
			return nil, err
		}
	}
	return list, nil
}

func (s messages) Retry(id string, lease, due time.Time) error {
	return s.change(`update messages set due_at = $3 where id = $1 and due_at = $2`, id, lease, due)
}

func (s messages) Trim(keep int) (int, error) {
	return s.exec(`delete from messages where id in (
		select id from (
			select id, row_number() over (partition by pool_id order by place, created_at desc, id) as place, created_at from (
				select id, pool_id, created_at,
					row_number() over (partition by pool_id, origin order by created_at desc, id) as place from messages
			) as by_origin
		) as by_pool order by place, created_at desc, id limit $1 offset $2)`,
		limit(store.Page{}), keep)
}
