package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// applyOnline applies a step of a database that is in use with its online form: statements that let others read and write the tables while
// they run, which a transaction cannot have. Each may be repeated, if an earlier process ended before the step was complete. Another connection
// holds the lock of migrations meanwhile. Through a pooler a connection keeps no settings, so there the step's text is applied instead.
func applyOnline(ctx context.Context, pg *pgconn.PgConn, s *settings, step *migration, steps []migration, o Options) (err error) {
	holder, err := s.dial(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, holder.Close(ctx)) }()
	if err := lock(ctx, holder); err != nil {
		return err
	}
	missing, err := lacking(ctx, holder, steps)
	if err != nil || len(missing) == 0 || missing[0].version != step.version {
		return err // another process was faster
	}
	// The last statement's portal keeps its snapshot, for whose end the index would wait. This closes it.
	if err := run(ctx, holder, "select 1"); err != nil {
		return err
	}
	if err := run(ctx, pg, "set statement_timeout = 0"); err != nil {
		return err
	}
	if err := dropUnfinished(ctx, pg, step); err != nil {
		return err
	}
	o.Logger.Info("building indexes while others use the tables; this waits for transactions that are older", "migration", step.name)
	for text := range strings.SplitSeq(step.online, ";\n") {
		if text == "" {
			continue
		}
		if !strings.Contains(text, " concurrently ") { // it locks the table, and others wait behind it while it waits
			text = fmt.Sprintf("begin; set local lock_timeout = '%s'; %s; commit", lockLimit, text)
		}
		if err := run(ctx, pg, text); err != nil {
			return fmt.Errorf("migration %s: %w", step.name, errors.Join(err, run(ctx, pg, rollback)))
		}
	}
	if err := step.note(ctx, holder, o); err != nil {
		return err
	}
	return run(ctx, holder, commit)
}

// dropUnfinished drops the step's indexes that a process began to build and did not complete. Nobody uses them, and they stay incomplete.
func dropUnfinished(ctx context.Context, pg *pgconn.PgConn, step *migration) error {
	found, err := rows(ctx, pg, `select c.relname from pg_index i join pg_class c on c.oid = i.indexrelid
		where not i.indisvalid and c.relnamespace = to_regnamespace(quote_ident(current_schema()))`)
	if err != nil {
		return err
	}
	for _, row := range found {
		if !strings.Contains(step.online, " "+row[0]+" on ") {
			continue
		}
		if err := run(ctx, pg, "drop index concurrently "+row[0]); err != nil {
			return err
		}
	}
	return nil
}
