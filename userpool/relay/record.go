package relay

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"time"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
)

// purposeRecord seals records of pulls. The additional data is the pool's id.
const purposeRecord = "user pool pull"

// Record says where a pool was pulled from, how far the pull has come, and which app client of the old pool is asked for
// passwords.
type Record struct {
	Region   string    `json:"region"`             // of the old pool, as in its id: eu-west-1
	Endpoint string    `json:"endpoint,omitempty"` // "" is AWS's
	Started  time.Time `json:"started"`            // of the last pull
	Ended    time.Time `json:"ended,omitzero"`     // zero while it runs, or if it was interrupted
	Resume   string    `json:"resume,omitempty"`   // where an interrupted pull continues in the list of users
	Seen     int       `json:"seen"`               // users that the pull has read
	Client   *Client   `json:"client,omitempty"`   // nil = passwords are not asked for
	Finished bool      `json:"finished,omitempty"` // passwords are permanently no longer asked for
	Removed  []string  `json:"removed,omitempty"`  // what earlier releases remembered instead of package removals

	// LeftOut are the identity providers that app clients have at the old pool, and that did not exist here, by client.
	LeftOut map[string][]string `json:"left_out,omitempty"`

	// Servers are the resource servers as the last pull found them at the old pool, by their identifiers.
	Servers map[string]string `json:"servers,omitempty"`
}

// Client is an app client of the old pool and how it is asked.
type Client struct {
	ID          string       `json:"id"`                    // as at AWS
	Secret      string       `json:"secret,omitempty"`      // "" = the client has none; the whole record is sealed
	Flow        string       `json:"flow"`                  // PasswordFlow, SRPFlow or AdminFlow
	Credentials *Credentials `json:"credentials,omitempty"` // for AdminFlow
}

// Credentials sign the requests of AdminFlow.
type Credentials struct {
	AccessKeyID     string `json:"access_key_id"`     // of a long-lived key: AKIA…
	SecretAccessKey string `json:"secret_access_key"` // 40 characters
}

// The ways to ask.
const (
	PasswordFlow = "USER_PASSWORD_AUTH"
	SRPFlow      = "USER_SRP_AUTH"
	AdminFlow    = "ADMIN_USER_PASSWORD_AUTH"
)

// CheckEndpoint refuses an endpoint to which passwords would go in clear text.
func CheckEndpoint(endpoint string) error {
	if endpoint == "" {
		return nil
	}
	u, err := url.Parse(endpoint)
	if err != nil {
		return fmt.Errorf("the endpoint %q is not a URL: %w", endpoint, err)
	}
	addr, err := netip.ParseAddr(u.Hostname())
	if u.Scheme == "https" || u.Scheme == "http" && (u.Hostname() == "localhost" || err == nil && addr.IsLoopback()) {
		return nil
	}
	return fmt.Errorf("the endpoint %q must begin with https://, since passwords go there; plain http is only for this host", endpoint)
}

// Asks reports whether passwords of users who have not signed in yet are asked for.
func (r *Record) Asks() bool { return r != nil && r.Client != nil && !r.Finished }

// open opens a record.
func open(b *userpool.Base, p *store.Pull) (*Record, error) {
	data, err := b.Seal.Open(purposeRecord, p.Data, []byte(p.PoolID))
	if err != nil {
		return nil, fmt.Errorf("relay: opening the record of the pull of pool %s: %w", p.PoolID, err)
	}
	var r Record
	if err := json.Unmarshal(data, &r); err != nil {
		return nil, fmt.Errorf("relay: the record of the pull of pool %s: %w", p.PoolID, err)
	}
	return &r, nil
}

// Load returns the record of a pool, or nil if it was not pulled.
func Load(ctx context.Context, b *userpool.Base, poolID string) (r *Record, err error) {
	err = b.View(ctx, func(tx store.Tx) error {
		p, err := tx.Pulls.Get(poolID)
		if err != nil {
			return err
		}
		r, err = open(b, &p)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	return r, err
}

// Save writes the record of a pool.
func Save(tx store.Tx, b *userpool.Base, poolID string, r *Record) error {
	data, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("relay: encoding a record: %w", err)
	}
	sealed, err := b.Seal.Seal(purposeRecord, data, []byte(poolID))
	if err != nil {
		return err
	}
	return tx.Pulls.Put(store.Pull{PoolID: poolID, Data: sealed, ModifiedAt: b.Now()})
}

// RecordSeal returns the purpose and the additional data with which the record of a pulled pool is sealed.
func RecordSeal(poolID string) (purpose string, additional []byte) {
	return purposeRecord, []byte(poolID)
}
