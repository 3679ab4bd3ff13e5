package importjob

import (
	"context"
	"errors"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/importer"
	"github.com/sluicegate/sluice/userpool/userfile"
)

// The states of a job, in the spelling of UserImportJobStatusType.
const (
	Created    = "Created"
	Pending    = "Pending"
	InProgress = "InProgress"
	Stopping   = "Stopping"
	Expired    = "Expired"
	Stopped    = "Stopped"
	Failed     = "Failed"
	Succeeded  = "Succeeded"
)

const (
	maxJobs  = 1000           // of a pool
	lifetime = 24 * time.Hour // of a job that is not started
)

// The errors of jobs.
var (
	errNoJob  = fault.New(fault.ResourceNotFound, "User import job does not exist.")
	errMany   = fault.New(fault.LimitExceeded, "The user pool has the maximum number of import jobs, 1000.")
	errActive = fault.New(fault.PreconditionNotMet, "Another user import job is in progress. An account can run one at a time.")
	errPool   = fault.New(fault.PreconditionNotMet, "The user pool has no auto verified attributes. Set AutoVerifiedAttributes first.")
)

// Options are what New needs. The first group is required.
type Options struct {
	Base     *userpool.Base    // the store with jobs and files, and the key of their URLs
	Pools    *userpool.Service // finds the pool of a job
	Importer *importer.Service // writes the users

	PublicURL string // begins the upload URLs; "" is http://localhost
}

// Service keeps and runs jobs. Its methods may be called from any goroutine.
type Service struct {
	o    Options
	base *userpool.Base
	wake chan struct{}
}

// New returns a Service, or an error that names the missing option. It runs no jobs before Run.
func New(o Options) (*Service, error) {
	if o.Base == nil || o.Pools == nil || o.Importer == nil {
		return nil, errors.New("importjob: Options.Base, Options.Pools and Options.Importer are required")
	}
	if o.PublicURL == "" {
		o.PublicURL = "http://localhost"
	}
	return &Service{o: o, base: o.Base, wake: make(chan struct{}, 1)}, nil
}

// Job is a job as the API shows it.
type Job struct {
	store.ImportJob
	URL string // for the upload of the file; of a job that was started, for its log
}

// Header returns the columns of a CSV file for the pool.
func (s *Service) Header(ctx context.Context, poolID string) ([]string, error) {
	p, err := s.o.Pools.Pool(ctx, poolID)
	if err != nil {
		return nil, err
	}
	return userfile.Header(p), nil
}

// Input is the input of CreateUserImportJob.
type Input struct {
	PoolID    string // of the pool that gets the users
	Name      string // 1 to 128 characters; need not be unique
	RoleARN   string // CloudWatchLogsRoleArn; kept and shown, never assumed
	Algorithm string // PasswordHashingAlgorithm, see passwordhash.Parse; "" = the file has no hashes
}

// Create makes a job that waits for its file.
func (s *Service) Create(ctx context.Context, in Input) (*Job, error) {
	if _, err := s.o.Pools.Pool(ctx, in.PoolID); err != nil {
		return nil, err
	}
	id, err := s.base.RandomText("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", 10)
	if err != nil {
		return nil, err
	}
	j := store.ImportJob{PoolID: in.PoolID, ID: "import-" + id, Name: in.Name, RoleARN: in.RoleARN, Algorithm: in.Algorithm, Status: Created,
		CreatedAt: s.base.Now()}
	err = s.base.Update(ctx, func(tx store.Tx) error {
		list, err := tx.ImportJobs.List(in.PoolID, store.Page{Limit: maxJobs})
		if err != nil {
			return err
		}
		if len(list) == maxJobs {
			return errMany
		}
		return tx.ImportJobs.Insert(j)
	})
	if err != nil {
		return nil, err
	}
	return s.shown(j), nil
}

// shown returns the job as of now: one that was not started in time is expired.
func (s *Service) shown(j store.ImportJob) *Job {
	if overdue(&j, s.base.Now()) {
		j.Status = Expired
	}
	return &Job{j, s.url(&j)}
}

func overdue(j *store.ImportJob, now time.Time) bool {
	return j.Status == Created && now.Sub(j.CreatedAt) > lifetime
}

// Describe returns a job.
func (s *Service) Describe(ctx context.Context, poolID, id string) (*Job, error) {
	if _, err := s.o.Pools.Pool(ctx, poolID); err != nil {
		return nil, err
	}
	var j store.ImportJob
	err := s.base.View(ctx, func(tx store.Tx) (err error) {
		j, err = tx.ImportJobs.Get(poolID, id)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, errNoJob
	}
	if err != nil {
		return nil, err
	}
	return s.shown(j), nil
}

// change applies a change to a job in a transaction.
func (s *Service) change(ctx context.Context, poolID, id string, change func(store.Tx, *store.ImportJob) error) (*Job, error) {
	if _, err := s.o.Pools.Pool(ctx, poolID); err != nil {
		return nil, err
	}
	var j store.ImportJob
	err := s.base.Update(ctx, func(tx store.Tx) (err error) {
		if j, err = tx.ImportJobs.Get(poolID, id); err != nil {
			return err
		}
		if err := change(tx, &j); err != nil {
			return err
		}
		return tx.ImportJobs.Update(j)
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, errNoJob
	}
	if err != nil {
		return nil, err
	}
	return s.shown(j), nil
}

// Start has a job run whose file was uploaded.
func (s *Service) Start(ctx context.Context, poolID, id string) (*Job, error) {
	p, err := s.o.Pools.Pool(ctx, poolID)
	if err != nil {
		return nil, err
	}
	j, err := s.change(ctx, poolID, id, func(tx store.Tx, j *store.ImportJob) error {
		now := s.base.Now()
		switch {
		case overdue(j, now):
			return wrongState(Expired, "started")
		case j.Status != Created:
			return wrongState(j.Status, "started")
		case j.Size == 0:
			return fault.New(fault.PreconditionNotMet, "No csv file was uploaded for %s", j.ID) // AWS's text
		case len(p.Settings.AutoVerifiedAttributes) == 0:
			return errPool
		}
		running, err := s.due(tx)
		if err != nil {
			return err
		}
		if running != nil {
			return errActive
		}
		j.Status, j.StartedAt, j.DueAt = Pending, now, s.base.Shared()
		return nil
	})
	s.Wake()
	return j, err
}

// due returns the first job that waits or runs, nil if there is none. Those of regions that the process does not serve do not count:
// they wait for a process that does.
func (s *Service) due(tx store.Tx) (*store.ImportJob, error) {
	list, err := tx.ImportJobs.Due(0) // few: one for each process with its own regions
	for i := range list {
		if s.o.Pools.Serves(list[i].PoolID) {
			return &list[i], nil
		}
	}
	return nil, err
}

// Stop ends a job that was started. Users who were imported stay.
func (s *Service) Stop(ctx context.Context, poolID, id string) (*Job, error) {
	j, err := s.change(ctx, poolID, id, func(_ store.Tx, j *store.ImportJob) error {
		if j.Status != Pending && j.Status != InProgress && j.Status != Stopping {
			return wrongState(j.Status, "stopped")
		}
		j.Status = Stopping
		return nil
	})
	s.Wake()
	return j, err
}

func wrongState(status, participle string) error {
	return fault.New(fault.PreconditionNotMet, "A user import job with the status %s cannot be %s.", status, participle)
}

// Wake has Run look for jobs now.
func (s *Service) Wake() {
	select {
	case s.wake <- struct{}{}:
	default: // it will
	}
}
