package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	driverimpl "modernc.org/sqlite"
)

// copyStep is how many pages are copied between two looks at the context.
const copyStep = 4096

// Size returns the bytes that a copy would have now.
func (f *File) Size() (int64, error) {
	pages, err := number(f.conn, "pragma page_count")
	if err != nil {
		return 0, fmt.Errorf("store/sqlite: %s: %w", f.path, err)
	}
	each, err := number(f.conn, "pragma page_size")
	if err != nil {
		return 0, fmt.Errorf("store/sqlite: %s: %w", f.path, err)
	}
	return pages * each, nil
}

// Copy copies the store's file to a new one of mode 0600, while processes write. The copy is the store at one moment, after all
// transactions that were acknowledged when Copy began; it is one file, without a log. Copy has it on the disk when it returns. Writers
// do not wait for it; until it ends, the write-ahead log of the source grows with what they write. progress, if not nil, receives how
// many pages are copied, and of how many.
//
// It is SQLite's backup in one read transaction: pages as they are, so that it costs what reading and writing the file costs.
// VACUUM INTO would build every table and index again.
func (f *File) Copy(ctx context.Context, to string, progress func(done, of int)) (err error) {
	to, err = filepath.Abs(to)
	if err != nil {
		return err
	}
	made, err := os.OpenFile(to, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err = errors.Join(err, made.Close()); err != nil {
			_ = os.Remove(to) // a part of a copy is of no use; the error says what happened
		}
	}()
	if err := f.control(beginRead); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.control(commit)) }()
	if _, err := number(f.conn, `select count(*) from sqlite_schema`); err != nil { // takes the snapshot
		return err
	}
	if err := f.copyPages(ctx, to, progress); err != nil {
		return fmt.Errorf("store/sqlite: copy %s to %s: %w", f.path, to, err)
	}
	return made.Sync()
}

func (f *File) copyPages(ctx context.Context, to string, progress func(done, of int)) error {
	source, ok := f.raw.(interface {
		NewBackup(uri string) (*driverimpl.Backup, error)
	})
	if !ok {
		return errors.New("the driver cannot copy a database")
	}
	// Nothing reads the copy before it is complete and synced, so it needs no journal.
	dsn := url.URL{Scheme: "file", Path: to, RawQuery: dsnOptions + "&_pragma=synchronous(0)&_pragma=journal_mode(off)"}
	pages, err := source.NewBackup(dsn.String())
	if err != nil {
		return err
	}
	for more := true; more; {
		if more, err = pages.Step(copyStep); err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return errors.Join(err, pages.Finish())
		}
		if progress != nil {
			progress(pages.PageCount()-pages.Remaining(), pages.PageCount())
		}
	}
	target, err := pages.Commit()
	if err != nil {
		return err
	}
	// The header of the source asks for a write-ahead log; the copy is one file until a store opens it.
	execer, ok := target.(driver.ExecerContext)
	if !ok {
		return errors.Join(errors.New("the driver cannot run a script"), target.Close())
	}
	_, err = execer.ExecContext(ctx, "pragma journal_mode = delete", nil)
	return errors.Join(err, target.Close())
}
