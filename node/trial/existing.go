package trial

import (
	"context"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"io/fs"
	"os"

	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/node"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/store/sqlite"
)

// existing is what the trial takes from the store that the settings name: what declarations must agree with.
type existing struct {
	pools   []store.Pool
	servers []store.ResourceServer
}

// errDatabase says why a database is left alone.
var errDatabase = errors.New("it is a database, which validate does not reach")

// read reads the declared pools of the store. It writes nothing in the data directory; a store that a process writes, or that a kill has
// left with a log, is read together with the log. Without a store there is nothing to read.
func read(ctx context.Context, c *config.App) (*existing, error) {
	if c.Store != nil {
		return nil, errDatabase
	}
	path := node.StorePath(c.DataDir)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return new(existing), nil
	}
	access := sqlite.Still
	if _, err := os.Stat(path + "-wal"); err == nil {
		access = sqlite.Watching
	}
	file, err := sqlite.OpenFile(path, access)
	if err != nil {
		return nil, err
	}
	e := new(existing)
	for _, p := range c.UserPools {
		if err = e.read(ctx, file, p.ID); err != nil {
			break
		}
	}
	return e, errors.Join(err, file.Close())
}

func (e *existing) read(ctx context.Context, file *sqlite.File, pool string) error {
	id := []driver.Value{pool}
	err := file.Each(ctx, `select name, settings from pools where id = ?`, id, func(row []driver.Value) error {
		name, _ := row[0].(string)
		settings, _ := row[1].(string)
		e.pools = append(e.pools, store.Pool{ID: pool, Name: name, Settings: json.RawMessage(settings)})
		return nil
	})
	if err != nil {
		return err
	}
	return file.Each(ctx, `select id, name, scopes from resource_servers where pool_id = ?`, id, func(row []driver.Value) error {
		server := store.ResourceServer{PoolID: pool}
		server.ID, _ = row[0].(string)
		server.Name, _ = row[1].(string)
		scopes, _ := row[2].(string)
		if scopes != "" {
			if err := json.Unmarshal([]byte(scopes), &server.Scopes); err != nil {
				return err
			}
		}
		e.servers = append(e.servers, server)
		return nil
	})
}

// write makes a store in a folder that has what was read.
func (e *existing) write(ctx context.Context, dir string) error {
	if len(e.pools) == 0 {
		return nil
	}
	made, err := sqlite.Open(sqlite.Options{Path: node.StorePath(dir)})
	if err != nil {
		return err
	}
	err = made.Update(ctx, func(tx store.Tx) error {
		for _, p := range e.pools {
			if err := tx.Pools.Insert(p); err != nil {
				return err
			}
		}
		for _, s := range e.servers {
			if err := tx.ResourceServers.Insert(s); err != nil {
				return err
			}
		}
		return nil
	})
	return errors.Join(err, made.Close())
}
