package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"
)

// Dial opens a connection for maintenance, such as a copy of the store: to the first host that takes writes, without limits on the
// time of statements. Other than Open, it leaves the schema as it is. Its application_name is "sluice maintenance".
func Dial(ctx context.Context, o Options) (*pgconn.PgConn, error) {
	s, err := parse(o)
	if err != nil {
		return nil, err
	}
	s.connect.RuntimeParams["application_name"] = "sluice maintenance"
	pg, err := s.dial(ctx)
	if err != nil {
		return nil, fmt.Errorf("store/postgres: %w", unreachable(err))
	}
	if err := run(ctx, pg, "set statement_timeout = 0; set idle_in_transaction_session_timeout = 0; set bytea_output = hex"); err != nil {
		return nil, errors.Join(err, pg.Close(ctx))
	}
	return pg, nil
}
