package tokens

import (
	"errors"

	"github.com/sluicegate/sluice/authz/revoke"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
)

// A pool that tracks sessions has a record of each token session, which is the record of a refresh family. Sign-ins create
// it, in the transaction that writes the family, and refreshes update it. Without tracking there are no records, and
// renewals without rotation write nothing.
//
// Source: AWS, "Managing user sessions".

// tokenSessionPrefix begins the id of a token session.
const tokenSessionPrefix = "tkn"

// sessionIDLength is the length of the random part of a session's id.
const sessionIDLength = 25

// newSession returns the record of the session of a new family, or nil if the pool does not track sessions.
func (s *Service) newSession(r *Request, family *store.RefreshToken) (*store.Session, error) {
	if !r.Pool.Settings.SessionConfiguration.Tracks() {
		return nil, nil
	}
	random, err := s.base.RandomText(userpool.LowerAlphanumeric, sessionIDLength)
	if err != nil {
		return nil, err
	}
	return &store.Session{ID: tokenSessionPrefix + random, PoolID: family.PoolID, Sub: family.Sub, ClientID: family.ClientID,
		Family: family.ID, Origin: r.SSOSession, Device: r.Visit.Device, Address: r.Visit.Address,
		CreatedAt: family.CreatedAt, ActiveAt: family.CreatedAt, ExpiresAt: family.ExpiresAt}, nil
}

// openSession inserts the session of a new family, which is in the store. If the user has as many token sessions as the pool
// allows, it ends those that were active least recently, and returns the revocations to announce.
func (s *Service) openSession(tx store.Tx, p *userpool.Pool, n *store.Session) ([]revoke.Record, error) {
	if n == nil {
		return nil, nil
	}
	live, err := tx.Sessions.Live(n.PoolID, n.Sub, s.base.Now())
	if err != nil {
		return nil, err
	}
	var records []revoke.Record
	room := p.Settings.SessionConfiguration.TokenSession.MaxPerUser - 1
	for _, old := range live { // the one that was active last comes first
		if old.Family == "" {
			continue
		}
		if room--; room >= 0 {
			continue
		}
		ended, err := s.endSession(tx, p, old)
		if err != nil {
			return nil, err
		}
		records = append(records, ended...)
	}
	return records, tx.Sessions.Insert(*n)
}

// endSession deletes the record of a session and revokes its family, if it has one.
func (s *Service) endSession(tx store.Tx, p *userpool.Pool, x store.Session) ([]revoke.Record, error) {
	if err := tx.Sessions.Delete(x.ID); err != nil || x.Family == "" {
		return nil, err
	}
	r, err := s.endFamily(tx, p.Issuer, x.Family)
	return []revoke.Record{r}, err
}

// touchSession records that the session of a family was used. A family without a record began before the pool tracked
// sessions.
func (s *Service) touchSession(tx store.Tx, family string, v userpool.Visit) error {
	x, err := tx.Sessions.OfFamily(family)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	x.ActiveAt = s.base.Now()
	if v.Address != "" {
		x.Address = v.Address
	}
	if v.Device != "" && v.Device != userpool.UnknownDevice {
		x.Device = v.Device
	}
	return tx.Sessions.Update(x)
}
