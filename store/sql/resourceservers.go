package sql

import "github.com/sluicegate/sluice/store"

const resourceServerColumns = `pool_id, id, name, scopes, declared, created_at, modified_at`

type resourceServers struct{ *Transaction }

func scanResourceServer(r *row) store.ResourceServer {
	s := store.ResourceServer{PoolID: r.text(), ID: r.text(), Name: r.text()}
	r.into(&s.Scopes)
	s.Declared, s.CreatedAt, s.ModifiedAt = r.flag(), r.time(), r.time()
	return s
}

// resourceServerArgs returns the values of resourceServerColumns, in order.
func resourceServerArgs(r store.ResourceServer) ([]any, error) {
	var scopes any
	if len(r.Scopes) > 0 {
		var err error
		if scopes, err = encoded(r.Scopes); err != nil {
			return nil, err
		}
	}
	return []any{r.PoolID, r.ID, r.Name, scopes, r.Declared, r.CreatedAt, r.ModifiedAt}, nil
}

func (s resourceServers) Get(poolID, id string) (store.ResourceServer, error) {
	return one(s.Transaction, scanResourceServer,
		s.locked(`select `+resourceServerColumns+` from resource_servers where pool_id = $1 and id = $2`), poolID, id)
}

func (s resourceServers) Insert(r store.ResourceServer) error {
	args, err := resourceServerArgs(r)
	if err != nil {
		return err
	}
	return s.logged(store.ChangedPool, r.PoolID, "", s.insert(`insert into resource_servers (`+resourceServerColumns+`) values ($1, $2, $3, $4, $5, $6, $7)`, args...))
}

func (s resourceServers) Update(r store.ResourceServer) error {
	args, err := resourceServerArgs(r)
	if err != nil {
		return err
	}
	return s.logged(store.ChangedPool, r.PoolID, "", s.change(`update resource_servers set name = $3, scopes = $4, declared = $5, created_at = $6, modified_at = $7
		where pool_id = $1 and id = $2`, args...))
}

func (s resourceServers) Delete(poolID, id string) error {
	return s.logged(store.ChangedPool, poolID, "", s.change(`delete from resource_servers where pool_id = $1 and id = $2`, poolID, id))
}

func (s resourceServers) List(poolID string) ([]store.ResourceServer, error) {
	return all(s.Transaction, scanResourceServer,
		`select `+resourceServerColumns+` from resource_servers where pool_id = $1 order by created_at, id`, poolID)
}
