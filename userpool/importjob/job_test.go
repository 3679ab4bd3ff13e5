package importjob_test

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/idp"
	"github.com/sluicegate/sluice/userpool/importjob"
	"github.com/sluicegate/sluice/userpool/userpooltest"
	"golang.org/x/crypto/bcrypt"
)

// world is a pool with jobs that run when the test says so.
type world struct {
	*userpooltest.Harness

	t    *testing.T
	jobs *importjob.Service
	pool string
}

func newWorld(t *testing.T, change ...func(*idp.Options)) *world {
	t.Helper()
	w := &world{Harness: userpooltest.New(t, change...), t: t}
	w.pool = w.Pool(userpool.PoolSettings{AutoVerifiedAttributes: []string{"email"}}).ID
	w.jobs = w.service()
	return w
}

// service returns another process's service.
func (w *world) service() *importjob.Service {
	w.t.Helper()
	s, err := importjob.New(importjob.Options{Base: w.Base(), Pools: w.Pools, Importer: w.Importer, PublicURL: "http://localhost:8080"})
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

func (w *world) create(algorithm string) *importjob.Job {
	w.t.Helper()
	j, err := w.jobs.Create(w.t.Context(), importjob.Input{PoolID: w.pool, Name: "first", RoleARN: "arn:aws:iam::123456789012:role/logs", Algorithm: algorithm})
	if err != nil {
		w.t.Fatal(err)
	}
	return j
}

func query(t *testing.T, j *importjob.Job) url.Values {
	t.Helper()
	u, err := url.Parse(j.URL)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query()
}

// started returns a job with the file that has been started.
func (w *world) started(algorithm, file string) *importjob.Job {
	w.t.Helper()
	j := w.create(algorithm)
	if err := w.jobs.Upload(w.t.Context(), w.pool, j.ID, query(w.t, j), strings.NewReader(file)); err != nil {
		w.t.Fatal(err)
	}
	j, err := w.jobs.Start(w.t.Context(), w.pool, j.ID)
	if err != nil {
		w.t.Fatal(err)
	}
	return j
}

func (w *world) run() {
	w.t.Helper()
	if worked, err := w.jobs.RunDue(w.t.Context()); err != nil || !worked {
		w.t.Fatal(worked, err)
	}
}

func (w *world) described(id string) *importjob.Job {
	w.t.Helper()
	j, err := w.jobs.Describe(w.t.Context(), w.pool, id)
	if err != nil {
		w.t.Fatal(err)
	}
	return j
}

func (w *world) log(id string) string {
	w.t.Helper()
	var b strings.Builder
	if err := w.jobs.Log(w.t.Context(), w.pool, id, query(w.t, w.described(id)), &b); err != nil {
		w.t.Fatal(err)
	}
	return b.String()
}

// file returns a CSV file with rows, which name the columns that they set.
func (w *world) file(extra []string, rows ...map[string]string) string {
	w.t.Helper()
	columns, err := w.jobs.Header(w.t.Context(), w.pool)
	if err != nil {
		w.t.Fatal(err)
	}
	columns = append(columns, extra...)
	var b strings.Builder
	b.WriteString(strings.Join(columns, ",") + "\n")
	for _, row := range rows {
		for i, c := range columns {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(strings.ReplaceAll(row[c], ",", `\,`))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func person(name string) map[string]string {
	return map[string]string{"cognito:username": name, "email": name + "@example.com", "email_verified": "TRUE", "cognito:mfa_enabled": "false"}
}

func people(n int) (rows []map[string]string) {
	for i := range n {
		rows = append(rows, person(fmt.Sprintf("user%04d", i)))
	}
	return rows
}

func TestAJobImportsUsersAndLogsEveryRow(t *testing.T) {
	w := newWorld(t)
	w.User(w.pool, "bob")
	address := person("ann")
	address["address"] = "Main Street 1, Springfield"
	unverified := person("cat")
	unverified["email_verified"] = ""
	j := w.started("", w.file(nil, address, person("bob"), unverified, person("d e"), person("eve"), person("fay"), person("gus")))
	if j.Status != importjob.Pending || j.StartedAt.IsZero() {
		t.Errorf("%+v", j)
	}
	w.run()
	j = w.described(j.ID)
	if j.Status != importjob.Succeeded || j.Imported != 4 || j.Skipped != 1 || j.Failed != 2 || j.EndedAt.IsZero() || j.Message != "" {
		t.Errorf("%+v", j)
	}
	const want = `[SUCCEEDED] Line Number 1 - The import succeeded.
[SKIPPED] Line Number 2 - The user already exists.
[FAILED] Line Number 3 - The User Record does not set any of the auto verified attributes to true. (Example: email_verified to true).
[FAILED] Line Number 4 - The cognito:username must not contain spaces or tabs.
[SUCCEEDED] Line Number 5 - The import succeeded.
[SUCCEEDED] Line Number 6 - The import succeeded.
[SUCCEEDED] Line Number 7 - The import succeeded.
`
	if got := w.log(j.ID); got != want {
		t.Errorf("%s", got)
	}
	u, err := w.Users.AdminGetUser(t.Context(), w.pool, "ann")
	if err != nil || u.Status != userpool.StatusResetRequired || w.Attribute(w.pool, "ann", "address") != "Main Street 1, Springfield" ||
		w.Attribute(w.pool, "ann", "email_verified") != "true" {
		t.Error(u, err)
	}
	if err := w.Store.View(t.Context(), func(tx store.Tx) error {
		_, err := tx.ImportJobs.Part(w.pool, j.ID, j.Upload, 0)
		return err
	}); !errors.Is(err, store.ErrNotFound) {
		t.Error("the file stays in the store:", err)
	}
}

func TestAJobWithHashesMakesUsersWhoCanSignIn(t *testing.T) {
	w := newWorld(t)
	c := w.Client(w.pool, userpooltest.AllFlows)
	b, err := bcrypt.GenerateFromPassword([]byte(userpooltest.Password), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	ann, bob, cat := person("ann"), person("bob"), person("cat")
	ann["password_hash"], cat["password_hash"] = string(b), "$2b$14$"+string(b)[7:]
	j := w.started("BCRYPT", w.file([]string{"password_hash"}, ann, bob, cat))
	w.run()
	if log := w.log(j.ID); !strings.Contains(log, "[FAILED] Line Number 3 - The password hash is not valid") || strings.Contains(log, string(b)[7:]) {
		t.Error(log)
	}
	w.MustSignIn(c.ID, "ann")
	if _, err := w.SignIn(c.ID, "bob", userpooltest.Password); err == nil {
		t.Error("a user without a hash signs in")
	}
	if j := w.started("BCRYPT", w.file(nil, person("eve"))); j != nil {
		w.run()
		if j = w.described(j.ID); j.Status != importjob.Failed || j.Message != "The CSV file has no password_hash column." {
			t.Errorf("%+v", j)
		}
	}
}

func TestAKilledJobGoesOnWhereItWas(t *testing.T) {
	w := newWorld(t)
	j := w.started("", w.file(nil, people(1100)...))
	killed := w.kill(3)
	if _, err := killed.RunDue(t.Context()); !errors.Is(err, errCrash) {
		t.Fatal(err)
	}
	half := w.described(j.ID)
	if half.Status != importjob.InProgress || half.Imported != 500 || half.Rows != 500 {
		t.Errorf("%+v", half)
	}
	if worked, err := w.jobs.RunDue(t.Context()); worked || err != nil {
		t.Error("another process runs the job under the lease", err)
	}
	w.Clock.Forward(30 * time.Second)
	w.run()
	j = w.described(j.ID)
	if j.Status != importjob.Succeeded || j.Imported != 1100 || j.Skipped+j.Failed != 0 {
		t.Errorf("%+v", j)
	}
	if log := w.log(j.ID); strings.Count(log, "[SUCCEEDED]") != 1100 || !strings.Contains(log, "Line Number 1100 ") {
		t.Error("the log has gaps")
	}
}

func TestAProcessThatLostItsLeaseWritesNothingMore(t *testing.T) {
	w := newWorld(t)
	j := w.started("", w.file(nil, people(600)...))
	slow := w.kill(2)
	if _, err := slow.RunDue(t.Context()); !errors.Is(err, errCrash) {
		t.Fatal(err)
	}
	w.Clock.Forward(time.Minute)
	w.run()
	if got := w.described(j.ID); got.Imported != 600 || got.Status != importjob.Succeeded {
		t.Errorf("%+v", got)
	}
}

func TestAStoppedJobEnds(t *testing.T) {
	w := newWorld(t)
	j := w.started("", w.file(nil, people(600)...))
	if _, err := w.kill(2).RunDue(t.Context()); !errors.Is(err, errCrash) {
		t.Fatal(err)
	}
	if j, err := w.jobs.Stop(t.Context(), w.pool, j.ID); err != nil || j.Status != importjob.Stopping {
		t.Fatal(j, err)
	}
	w.Clock.Forward(time.Minute)
	w.run()
	j = w.described(j.ID)
	if j.Status != importjob.Stopped || j.Message != "The Import Job was stopped by the developer." || j.Imported != 250 {
		t.Errorf("%+v", j)
	}
	_, err := w.jobs.Stop(t.Context(), w.pool, j.ID)
	userpooltest.WantFault(t, err, fault.PreconditionNotMet, "*")
}

func TestJobsInTheWrongStateAreRefused(t *testing.T) {
	w := newWorld(t)
	j := w.create("")
	_, err := w.jobs.Start(t.Context(), w.pool, j.ID)
	userpooltest.WantFault(t, err, fault.PreconditionNotMet, "No csv file was uploaded for "+j.ID)
	_, err = w.jobs.Stop(t.Context(), w.pool, j.ID)
	userpooltest.WantFault(t, err, fault.PreconditionNotMet, "*")
	_, err = w.jobs.Describe(t.Context(), w.pool, "import-nobody")
	userpooltest.WantFault(t, err, fault.ResourceNotFound, "*")

	running := w.started("", w.file(nil, person("ann")))
	_, err = w.jobs.Start(t.Context(), w.pool, running.ID)
	userpooltest.WantFault(t, err, fault.PreconditionNotMet, "*")
	if err := w.jobs.Upload(t.Context(), w.pool, j.ID, query(t, j), strings.NewReader(w.file(nil, person("bob")))); err != nil {
		t.Fatal(err)
	}
	_, err = w.jobs.Start(t.Context(), w.pool, j.ID)
	userpooltest.WantFault(t, err, fault.PreconditionNotMet, "*") // one at a time
	for _, err := range []error{
		w.Pools.AddCustomAttributes(t.Context(), w.pool, []userpool.SchemaAttribute{{Name: "x", AttributeDataType: "String"}}),
		w.Pools.UpdateUserPool(t.Context(), w.pool, "", userpool.PoolSettings{}), w.Pools.DeleteUserPool(t.Context(), w.pool),
	} {
		userpooltest.WantFault(t, err, fault.UserImportInProgress, "*")
	}
	w.run()
	if err := w.Pools.AddCustomAttributes(t.Context(), w.pool, []userpool.SchemaAttribute{{Name: "x", AttributeDataType: "String"}}); err != nil {
		t.Error(err)
	}
	w.Clock.Forward(25 * time.Hour)
	if got := w.described(j.ID); got.Status != importjob.Expired {
		t.Error(got.Status)
	}
	_, err = w.jobs.Start(t.Context(), w.pool, j.ID)
	userpooltest.WantFault(t, err, fault.PreconditionNotMet, "*")
	if err := w.Pools.DeleteUserPool(t.Context(), w.pool); err != nil {
		t.Error(err)
	}
}

func TestFilesThatAreNoneFailTheirJob(t *testing.T) {
	w := newWorld(t)
	good := w.file(nil, person("ann"))
	for name, tc := range map[string]struct{ file, message string }{
		"another header":         {"a,b\n1,2\n", "The header of the CSV file does not match the header of the user pool."},
		"a column is missing":    {strings.Replace(good, "nickname,", "", 1), "The header of the CSV file does not match the header of the user pool."},
		"a byte order mark":      {"\ufeff" + good, "The CSV file begins with a byte order mark. Save it as UTF-8 without one."},
		"most rows were refused": {w.file(nil, person("a b"), person("c d"), person("bob")), "Too many users have failed or been skipped during the import."},
	} {
		j := w.started("", tc.file)
		w.run()
		if j = w.described(j.ID); j.Status != importjob.Failed || j.Message != tc.message {
			t.Errorf("%s: %s %q", name, j.Status, j.Message)
		}
	}
}

func TestAnUploadURLIsGoodForItsJobAndItsTime(t *testing.T) {
	w := newWorld(t)
	j, other := w.create(""), w.create("")
	q := query(t, j)
	file := func() io.Reader { return strings.NewReader(w.file(nil, person("ann"))) }
	if err := w.jobs.Upload(t.Context(), w.pool, other.ID, q, file()); !errors.Is(err, importjob.ErrSignature) {
		t.Error("another job:", err)
	}
	if err := w.jobs.Log(t.Context(), w.pool, j.ID, q, io.Discard); !errors.Is(err, importjob.ErrSignature) {
		t.Error("the log:", err)
	}
	late := query(t, j)
	late.Set("X-Amz-Date", w.Clock.Now().Add(time.Hour).Format("20060102T150405Z"))
	if err := w.jobs.Upload(t.Context(), w.pool, j.ID, late, file()); !errors.Is(err, importjob.ErrSignature) {
		t.Error("another time:", err)
	}
	if err := w.jobs.Upload(t.Context(), w.pool, j.ID, q, strings.NewReader("")); err == nil {
		t.Error("an empty file was taken")
	}
	if err := w.jobs.Upload(t.Context(), w.pool, j.ID, q, io.MultiReader(io.LimitReader(zeros{}, importjob.MaxFile), strings.NewReader("x"))); !fault.Is(err, fault.RequestTooLarge) {
		t.Error("a file that is too large:", err)
	}
	for range 2 { // the second replaces the first
		if err := w.jobs.Upload(t.Context(), w.pool, j.ID, q, file()); err != nil {
			t.Error(err)
		}
	}
	if _, err := w.jobs.Start(t.Context(), w.pool, j.ID); err != nil {
		t.Fatal(err)
	}
	if err := w.jobs.Upload(t.Context(), w.pool, j.ID, q, file()); !fault.Is(err, fault.ResourceConflict) {
		t.Error("an upload after the start:", err)
	}
	w.Clock.Forward(16 * time.Minute)
	if err := w.jobs.Upload(t.Context(), w.pool, other.ID, query(t, other), file()); !errors.Is(err, importjob.ErrExpired) {
		t.Error("an expired URL:", err)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

func TestJobsAreListedTheNewestFirst(t *testing.T) {
	w := newWorld(t)
	var ids []string
	for range 3 {
		ids = append([]string{w.create("").ID}, ids...)
		w.Clock.Forward(time.Second)
	}
	list, last, err := w.jobs.List(t.Context(), w.pool, "", 2)
	if err != nil || len(list) != 2 || list[0].ID != ids[0] || last != ids[1] {
		t.Error(list, last, err)
	}
	list, last, err = w.jobs.List(t.Context(), w.pool, last, 2)
	if err != nil || len(list) != 1 || list[0].ID != ids[2] || last != "" {
		t.Error(list, last, err)
	}
}
