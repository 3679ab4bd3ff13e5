package store

import "time"

// ImportJob imports users from a file. Its id is unique in the pool.
type ImportJob struct {
	PoolID    string // of the pool that gets the users
	ID        string // "import-" and 10 letters and digits
	Name      string // need not be unique
	RoleARN   string // shown only
	Algorithm string // of the password hashes in the file; "" for none
	Status    string // as in the API; package userpool/importjob defines it
	Message   string // why the job ended
	Upload    string // which of the uploads of a file counts; random
	Size      int    // bytes of the file; 0 while it is not complete
	Rows      int    // how many rows of the file have been dealt with
	Imported  int    // users
	Skipped   int    // rows of users who exist
	Failed    int    // rows that cannot be users
	CreatedAt time.Time
	StartedAt time.Time // zero = not started
	EndedAt   time.Time // zero = not ended
	DueAt     time.Time // when a process may take the job: the end of another's lease; zero = there is nothing to do
}

// ImportJobs keeps jobs, the parts of their files and their logs. They are deleted with their pool, a job's parts and log with the
// job. The key of List is the id.
type ImportJobs interface {
	Get(poolID, id string) (ImportJob, error)
	Insert(ImportJob) error
	Update(ImportJob) error
	Delete(poolID, id string) error
	List(poolID string, p Page) ([]ImportJob, error)
	Due(limit int) ([]ImportJob, error) // the jobs of all pools that have a DueAt, the earliest first
	// Abandoned returns jobs of all pools that were made before a time, have no DueAt, but parts of a file.
	Abandoned(before time.Time, limit int) ([]ImportJob, error)

	PutPart(poolID, id, upload string, part int, sealed []byte) error // ErrNotFound without the job
	Part(poolID, id, upload string, part int) ([]byte, error)
	DeleteParts(poolID, id string) error // no error if there are none

	PutLog(poolID, id string, part int, lines string) error // ErrNotFound without the job
	Log(poolID, id string, part int) (string, error)
}
