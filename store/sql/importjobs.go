package sql

import (
	"time"

	"github.com/sluicegate/sluice/store"
)

const importJobColumns = `pool_id, id, name, role_arn, algorithm, status, message, upload, size, rows_done, imported, skipped, failed,
	created_at, started_at, ended_at, due_at`

type importJobs struct{ *Transaction }

func scanImportJob(r *row) store.ImportJob {
	return store.ImportJob{
		PoolID: r.text(), ID: r.text(), Name: r.text(), RoleARN: r.text(), Algorithm: r.text(), Status: r.text(), Message: r.text(),
		Upload: r.text(), Size: r.number(), Rows: r.number(), Imported: r.number(), Skipped: r.number(), Failed: r.number(),
		CreatedAt: r.time(), StartedAt: r.time(), EndedAt: r.time(), DueAt: r.time(),
	}
}

func importJobArgs(j store.ImportJob) []any {
	return []any{j.PoolID, j.ID, j.Name, j.RoleARN, j.Algorithm, j.Status, j.Message, j.Upload, j.Size, j.Rows, j.Imported, j.Skipped,
		j.Failed, j.CreatedAt, j.StartedAt, j.EndedAt, j.DueAt}
}

func (s importJobs) Get(poolID, id string) (store.ImportJob, error) {
	return one(s.Transaction, scanImportJob, s.locked(`select `+importJobColumns+` from import_jobs where pool_id = $1 and id = $2`), poolID, id)
}

func (s importJobs) Insert(j store.ImportJob) error {
	return s.insert(`insert into import_jobs (`+importJobColumns+`) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13,
		$14, $15, $16, $17)`, importJobArgs(j)...)
}

func (s importJobs) Update(j store.ImportJob) error {
	return s.change(`update import_jobs set name = $3, role_arn = $4, algorithm = $5, status = $6, message = $7, upload = $8, size = $9,
		rows_done = $10, imported = $11, skipped = $12, failed = $13, created_at = $14, started_at = $15, ended_at = $16, due_at = $17
		where pool_id = $1 and id = $2`, importJobArgs(j)...)
}

func (s importJobs) Delete(poolID, id string) error {
	return s.change(`delete from import_jobs where pool_id = $1 and id = $2`, poolID, id)
}

func (s importJobs) List(poolID string, p store.Page) ([]store.ImportJob, error) {
	return all(s.Transaction, scanImportJob, `select `+importJobColumns+` from import_jobs where pool_id = $1 and id > $2
		order by id limit $3`, poolID, p.After, limit(p))
}

func (s importJobs) Due(most int) ([]store.ImportJob, error) {
	return all(s.Transaction, scanImportJob, s.locked(`select `+importJobColumns+` from import_jobs where due_at is not null
		order by due_at limit $1`), limit(store.Page{Limit: most}))
}

func (s importJobs) Abandoned(before time.Time, most int) ([]store.ImportJob, error) {
	return all(s.Transaction, scanImportJob, s.locked(`select `+importJobColumns+` from import_jobs j where created_at < $1 and due_at is null
		and exists (select 1 from import_parts p where p.pool_id = j.pool_id and p.job_id = j.id) limit $2`), before, most)
}

func (s importJobs) PutPart(poolID, id, upload string, part int, sealed []byte) error {
	return s.insert(`insert into import_parts (pool_id, job_id, upload, part, sealed) values ($1, $2, $3, $4, $5)`, poolID, id, upload, part, sealed)
}

func (s importJobs) Part(poolID, id, upload string, part int) ([]byte, error) {
	return one(s.Transaction, (*row).bytes, `select sealed from import_parts where pool_id = $1 and job_id = $2 and upload = $3 and part = $4`,
		poolID, id, upload, part)
}

func (s importJobs) DeleteParts(poolID, id string) error {
	return s.insert(`delete from import_parts where pool_id = $1 and job_id = $2`, poolID, id)
}

func (s importJobs) PutLog(poolID, id string, part int, lines string) error {
	return s.insert(`insert into import_logs (pool_id, job_id, part, lines) values ($1, $2, $3, $4)`, poolID, id, part, lines)
}

func (s importJobs) Log(poolID, id string, part int) (string, error) {
	return one(s.Transaction, (*row).text, `select lines from import_logs where pool_id = $1 and job_id = $2 and part = $3`, poolID, id, part)
}
