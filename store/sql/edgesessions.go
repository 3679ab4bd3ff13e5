package sql

import (
	"time"

	"github.com/sluicegate/sluice/store"
)

const edgeSessionColumns = `id, login, issuer, subject, secret, sealed, created_at, expires_at, valid_until, leased_until`

type edgeSessions struct{ *Transaction }

func scanEdgeSession(r *row) store.EdgeSession {
	return store.EdgeSession{ID: r.text(), Login: r.text(), Issuer: r.text(), Subject: r.text(), Secret: r.bytes(), Sealed: r.bytes(),
		CreatedAt: r.time(), ExpiresAt: r.time(), ValidUntil: r.time(), LeasedUntil: r.time()}
}

func (s edgeSessions) Get(id string) (store.EdgeSession, error) {
	return one(s.Transaction, scanEdgeSession, s.locked(`select `+edgeSessionColumns+` from edge_sessions where id = $1`), id)
}

func (s edgeSessions) Insert(x store.EdgeSession) error {
	return s.insert(`insert into edge_sessions (`+edgeSessionColumns+`) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		edgeSessionArgs(x)...)
}

func (s edgeSessions) Update(x store.EdgeSession) error {
	return s.change(`update edge_sessions set login = $2, issuer = $3, subject = $4, secret = $5, sealed = $6, created_at = $7,
		expires_at = $8, valid_until = $9, leased_until = $10 where id = $1`, edgeSessionArgs(x)...)
}

func (s edgeSessions) Delete(id string) error {
	return s.insert(`delete from edge_sessions where id = $1`, id)
}

func (s edgeSessions) OfSubject(login, issuer, subject string) ([]store.EdgeSession, error) {
	return all(s.Transaction, scanEdgeSession, `select `+edgeSessionColumns+` from edge_sessions
		where login = $1 and issuer = $2 and subject = $3 order by created_at desc, id desc`, login, issuer, subject)
}

func (s edgeSessions) Count(now time.Time) (int, error) {
	return s.counted(`edge_sessions where expires_at > $1`, `true`, now)
}

func (s edgeSessions) DeleteExpired(now time.Time, most int) (int, error) {
	return s.exec(`delete from edge_sessions where id in
		(select id from edge_sessions where expires_at <= $1 order by expires_at limit $2)`,
		now, limit(store.Page{Limit: most}))
}

// edgeSessionArgs returns the values of edgeSessionColumns, in order.
func edgeSessionArgs(x store.EdgeSession) []any {
	return []any{x.ID, x.Login, x.Issuer, x.Subject, x.Secret, x.Sealed, x.CreatedAt, x.ExpiresAt, x.ValidUntil, x.LeasedUntil}
}
