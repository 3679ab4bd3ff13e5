package importjob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/importer"
	"github.com/sluicegate/sluice/userpool/userfile"
)

const (
	leaseTime = 20 * time.Second // each batch renews it
	idle      = 5 * time.Second  // how often Run looks for jobs of processes that ended
	maxRows   = 500_000
	maxText   = 128 // characters of CompletionMessage

	sweepEvery = 10 * time.Minute
)

// CompletionMessages, in AWS's words.
const (
	messageStopped = "The Import Job was stopped by the developer."
	messageTooMany = "Too many users have failed or been skipped during the import."
)

// errLost ends the work on a job that another process has taken, or that was deleted.
var errLost = errors.New("importjob: the lease of the job has been lost")

// Run runs jobs until ctx ends, one after the other. A job that it had begun continues when its lease has ended, in any process. It
// deletes the files of jobs that were not started in time.
func (s *Service) Run(ctx context.Context) {
	var swept time.Time
	for {
		if now := s.base.Now(); now.Sub(swept) >= sweepEvery {
			swept = now
			if err := s.Sweep(ctx); err != nil && ctx.Err() == nil {
				s.base.Logger.ErrorContext(ctx, "deleting the files of user import jobs that were not started failed", "error", err)
			}
		}
		worked, err := s.RunDue(ctx)
		if err != nil && ctx.Err() == nil {
			s.base.Logger.ErrorContext(ctx, "running a user import job failed; it continues when its lease has ended", "error", err)
		}
		if worked && err == nil {
			continue
		}
		timer := time.NewTimer(idle)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-s.wake:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// Sweep ends the jobs that were not started in time, and deletes their files.
func (s *Service) Sweep(ctx context.Context) error {
	for more := true; more; {
		err := s.base.Update(ctx, func(tx store.Tx) error {
			list, err := tx.ImportJobs.Abandoned(s.base.Now().Add(-lifetime), 1) // a file has up to 100 MiB
			if more = len(list) > 0; err != nil || !more {
				return err
			}
			j := list[0]
			if err := tx.ImportJobs.DeleteParts(j.PoolID, j.ID); err != nil {
				return err
			}
			if j.Status == Created {
				j.Status, j.Size = Expired, 0
			}
			return tx.ImportJobs.Update(j)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// RunDue runs one job that no process runs, if there is one. It reports whether there was one.
func (s *Service) RunDue(ctx context.Context) (worked bool, err error) {
	j, err := s.take(ctx)
	if err != nil || j == nil {
		return false, err
	}
	return true, s.work(ctx, j)
}

// take takes the first job that is due under a lease.
func (s *Service) take(ctx context.Context) (taken *store.ImportJob, err error) {
	any := false
	if err := s.base.View(ctx, func(tx store.Tx) error {
		j, err := s.due(tx)
		any = j != nil
		return err
	}); err != nil || !any {
		return nil, err
	}
	err = s.base.Update(ctx, func(tx store.Tx) error {
		taken = nil
		now := s.base.Shared()
		j, err := s.due(tx)
		if err != nil || j == nil || j.DueAt.After(now) {
			return err
		}
		if j.Status == Pending {
			j.Status = InProgress
		}
		j.DueAt = now.Add(leaseTime)
		taken = j
		return tx.ImportJobs.Update(*j)
	})
	return taken, err
}

// hold reads the job in a transaction and renews the lease. It returns errLost if another process has it.
func (s *Service) hold(tx store.Tx, mine *store.ImportJob) (store.ImportJob, error) {
	j, err := tx.ImportJobs.Get(mine.PoolID, mine.ID)
	if errors.Is(err, store.ErrNotFound) || err == nil && !j.DueAt.Equal(mine.DueAt) {
		return j, errLost
	}
	j.DueAt = s.base.Shared().Add(leaseTime)
	return j, err
}

// work imports the rows that have not been dealt with yet.
func (s *Service) work(ctx context.Context, j *store.ImportJob) error {
	p, err := s.o.Pools.Pool(ctx, j.PoolID)
	if fault.Is(err, fault.ResourceNotFound) {
		return nil // the jobs of the pool are deleted
	}
	if err != nil {
		return err
	}
	text := &file{ctx: ctx, s: s, j: j}
	rows, err := userfile.NewCSV(text, userfile.CSVOptions{Pool: p, Algorithm: j.Algorithm})
	if err != nil {
		if text.lost != nil {
			return s.lost(ctx, j, text)
		}
		return s.finish(ctx, j, Failed, err.Error())
	}
	for n := 0; ; {
		batch, err := read(rows, j.Rows-n)
		n = j.Rows
		switch {
		case errors.Is(err, io.EOF):
			return s.finish(ctx, j, Succeeded, "")
		case text.lost != nil:
			return s.lost(ctx, j, text)
		case err != nil:
			return s.finish(ctx, j, Failed, "The CSV file could not be read.")
		case j.Rows+len(batch) > maxRows:
			return s.finish(ctx, j, Failed, "The CSV file has more than 500,000 rows.")
		case j.Status == Stopping:
			return s.finish(ctx, j, Stopped, messageStopped)
		}
		if err := s.write(ctx, p, j, batch); err != nil {
			return err
		}
		n += len(batch)
	}
}

// lost leaves a job whose file cannot be read to a later attempt, in any process, unless it is to be stopped.
func (s *Service) lost(ctx context.Context, j *store.ImportJob, text *file) error {
	if j.Status == Stopping {
		return errors.Join(text.lost, s.finish(ctx, j, Stopped, messageStopped))
	}
	return text.lost
}

// read skips rows and returns the next batch, or io.EOF.
func read(rows userfile.Reader, skip int) ([]userfile.Row, error) {
	var batch []userfile.Row
	for len(batch) < importer.BatchSize {
		row, err := rows.Next()
		if errors.Is(err, io.EOF) && len(batch) > 0 {
			return batch, nil
		}
		if err != nil {
			return nil, err
		}
		if skip > 0 {
			skip--
			continue
		}
		batch = append(batch, row)
	}
	return batch, nil
}

// write imports a batch and writes counts and log with it.
func (s *Service) write(ctx context.Context, p *userpool.Pool, j *store.ImportJob, batch []userfile.Row) error {
	entries := make([]importer.Entry, 0, len(batch))
	for _, row := range batch {
		if row.Err == nil {
			entries = append(entries, row.Entry)
		}
	}
	var after store.ImportJob
	_, err := s.o.Importer.WriteWith(ctx, p, entries, func(tx store.Tx, results []error) (err error) {
		if after, err = s.hold(tx, j); err != nil {
			return err
		}
		var log strings.Builder
		for _, row := range batch {
			err := row.Err
			if err == nil {
				err, results = results[0], results[1:]
			}
			note(&log, &after, row.Line, err)
		}
		after.Rows += len(batch)
		if err := tx.ImportJobs.PutLog(j.PoolID, j.ID, j.Rows/importer.BatchSize, log.String()); err != nil {
			return err
		}
		return tx.ImportJobs.Update(after)
	})
	if err == nil {
		*j = after
	}
	return err
}

// note counts a row and writes its line of the log, in AWS's words as far as they are known.
func note(log *strings.Builder, j *store.ImportJob, line int, err error) {
	switch {
	case err == nil:
		j.Imported++
		fmt.Fprintf(log, "[SUCCEEDED] Line Number %d - The import succeeded.\n", line)
	case errors.Is(err, importer.ErrExists):
		j.Skipped++
		fmt.Fprintf(log, "[SKIPPED] Line Number %d - The user already exists.\n", line)
	default:
		j.Failed++
		text, _ := fault.Message(err)
		fmt.Fprintf(log, "[FAILED] Line Number %d - %s\n", line, strings.ReplaceAll(strings.TrimSpace(text), "\n", " "))
	}
}

// finish ends a job and deletes its file.
func (s *Service) finish(ctx context.Context, j *store.ImportJob, status, message string) error {
	return s.base.Update(ctx, func(tx store.Tx) error {
		now, err := s.hold(tx, j)
		if err != nil {
			return err
		}
		now.Status, now.Message = status, message
		if status == Succeeded && now.Failed+now.Skipped > now.Imported {
			now.Status, now.Message = Failed, messageTooMany
		}
		if text := []rune(now.Message); len(text) > maxText {
			now.Message = string(text[:maxText])
		}
		now.EndedAt, now.DueAt = s.base.Now(), time.Time{}
		if err := tx.ImportJobs.DeleteParts(j.PoolID, j.ID); err != nil {
			return err
		}
		return tx.ImportJobs.Update(now)
	})
}
