package sql

import "github.com/sluicegate/sluice/store"

const passkeyColumns = `pool_id, id, sub, relying_party, public_key, sign_count, name, aaguid, attachment, transports,
	backup_eligible, answered, created_at`

type passkeys struct{ *Transaction }

func scanPasskey(r *row) store.Passkey {
	p := store.Passkey{
		PoolID: r.text(), ID: r.bytes(), Sub: r.text(), RelyingParty: r.text(), PublicKey: r.bytes(),
		SignCount: r.number(), Name: r.text(), AAGUID: r.bytes(), Attachment: r.text(),
	}
	r.into(&p.Transports)
	p.BackupEligible, p.Answered, p.CreatedAt = r.flag(), r.raw(), r.time()
	return p
}

func (s passkeys) Get(poolID string, id []byte) (store.Passkey, error) {
	return one(s.Transaction, scanPasskey,
		s.locked(`select `+passkeyColumns+` from passkeys where pool_id = $1 and id = $2`), poolID, id)
}

func (s passkeys) Insert(p store.Passkey) error {
	args, err := passkeyArgs(p)
	if err != nil {
		return err
	}
	return s.insert(`insert into passkeys (`+passkeyColumns+`)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`, args...)
}

func (s passkeys) Update(p store.Passkey) error {
	args, err := passkeyArgs(p)
	if err != nil {
		return err
	}
	return s.change(`update passkeys set relying_party = $4, public_key = $5, sign_count = $6, name = $7, aaguid = $8,
		attachment = $9, transports = $10, backup_eligible = $11, answered = $12
		where pool_id = $1 and id = $2 and sub = $3`, args[:12]...)
}

func (s passkeys) Delete(poolID string, id []byte) error {
	return s.change(`delete from passkeys where pool_id = $1 and id = $2`, poolID, id)
}

func (s passkeys) OfUser(poolID, sub string) ([]store.Passkey, error) {
	return all(s.Transaction, scanPasskey,
		`select `+passkeyColumns+` from passkeys where pool_id = $1 and sub = $2 order by created_at, id`, poolID, sub)
}

// passkeyArgs returns the values of passkeyColumns, in order.
func passkeyArgs(p store.Passkey) ([]any, error) {
	var transports any
	if len(p.Transports) > 0 {
		var err error
		if transports, err = encoded(p.Transports); err != nil {
			return nil, err
		}
	}
	return []any{
		p.PoolID, p.ID, p.Sub, p.RelyingParty, p.PublicKey, p.SignCount, p.Name, p.AAGUID, p.Attachment, transports,
		p.BackupEligible, p.Answered, p.CreatedAt,
	}, nil
}
