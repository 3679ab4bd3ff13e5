package e2e

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/sluicegate/sluice/e2e/harness"
)

const logsRole = "arn:aws:iam::123456789012:role/logs"

// importing keeps the scenarios of jobs apart, because an account runs one at a time.
var importing sync.Mutex

// importPool makes a pool that jobs can import into.
func importPool(t *testing.T, c *sdk) *string {
	t.Helper()
	made, err := c.users(harness.Admin).CreateUserPool(t.Context(), &cip.CreateUserPoolInput{PoolName: &c.name,
		AutoVerifiedAttributes: []types.VerifiedAttributeType{types.VerifiedAttributeTypeEmail}})
	ok(t, err)
	return made.UserPool.Id
}

// importFile returns a CSV file with n users.
func importFile(t *testing.T, admin *cip.Client, pool *string, n int) string {
	t.Helper()
	header, err := admin.GetCSVHeader(t.Context(), &cip.GetCSVHeaderInput{UserPoolId: pool})
	ok(t, err)
	columns := header.CSVHeader
	var b strings.Builder
	fmt.Fprintln(&b, strings.Join(columns, ","))
	for i := range n {
		values := make([]string, len(columns))
		for c, column := range columns {
			values[c] = map[string]string{"cognito:username": fmt.Sprintf("user%05d", i), "email": fmt.Sprintf("user%05d@example.com", i),
				"email_verified": "TRUE", "cognito:mfa_enabled": "FALSE", "name": `Lee\, Ann`}[column]
		}
		fmt.Fprintln(&b, strings.Join(values, ","))
	}
	return b.String()
}

// uploaded makes a job with a file, which curl uploads as AWS's documentation says.
func uploaded(t *testing.T, admin *cip.Client, pool *string, file string) *types.UserImportJobType {
	t.Helper()
	made, err := admin.CreateUserImportJob(t.Context(), &cip.CreateUserImportJobInput{UserPoolId: pool, JobName: aws.String("people"),
		CloudWatchLogsRoleArn: aws.String(logsRole)})
	ok(t, err)
	path := filepath.Join(t.TempDir(), "users.csv")
	ok(t, os.WriteFile(path, []byte(file), 0o600))
	out, err := exec.CommandContext(t.Context(), "curl", "-sS", "--fail-with-body", "-T", path, "-H", "x-amz-server-side-encryption:aws:kms",
		aws.ToString(made.UserImportJob.PreSignedUrl)).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return made.UserImportJob
}

// ended waits for the end of a job.
func ended(t *testing.T, admin *cip.Client, j *types.UserImportJobType) *types.UserImportJobType {
	t.Helper()
	for {
		got, err := admin.DescribeUserImportJob(t.Context(), &cip.DescribeUserImportJobInput{UserPoolId: j.UserPoolId, JobId: j.JobId})
		ok(t, err)
		switch got.UserImportJob.Status {
		case types.UserImportJobStatusTypePending, types.UserImportJobStatusTypeInProgress, types.UserImportJobStatusTypeStopping:
			time.Sleep(50 * time.Millisecond)
		default:
			return got.UserImportJob
		}
	}
}

func fetched(t *testing.T, url *string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, aws.ToString(url), nil)
	ok(t, err)
	got, err := http.DefaultClient.Do(r)
	ok(t, err)
	defer got.Body.Close()
	body, err := io.ReadAll(got.Body)
	ok(t, err)
	equal(t, "status of the log", got.StatusCode, http.StatusOK)
	return string(body)
}

func (userPools) GetCSVHeader(t *testing.T, c *sdk) {
	admin := c.users(harness.Admin)
	got, err := admin.GetCSVHeader(t.Context(), &cip.GetCSVHeaderInput{UserPoolId: importPool(t, c)})
	ok(t, err)
	equal(t, "columns", strings.Join(got.CSVHeader, ","), "name,given_name,family_name,middle_name,nickname,preferred_username,profile,picture,website,email,"+
		"email_verified,gender,birthdate,zoneinfo,locale,phone_number,phone_number_verified,address,updated_at,cognito:mfa_enabled,cognito:username")
	_, err = admin.GetCSVHeader(t.Context(), &cip.GetCSVHeaderInput{UserPoolId: aws.String("us-east-1_doesNotEx")})
	wantError(t, err, "ResourceNotFoundException", "User pool us-east-1_doesNotEx does not exist.")
}

func (userPools) CreateUserImportJob(t *testing.T, c *sdk) {
	admin, pool := c.users(harness.Admin), importPool(t, c)
	made, err := admin.CreateUserImportJob(t.Context(), &cip.CreateUserImportJobInput{UserPoolId: pool, JobName: &c.name, CloudWatchLogsRoleArn: aws.String(logsRole)})
	ok(t, err)
	j := made.UserImportJob
	equal(t, "status", j.Status, types.UserImportJobStatusTypeCreated)
	equal(t, "imported", j.ImportedUsers, 0)
	url := aws.ToString(j.PreSignedUrl)
	for _, without := range []string{strings.Replace(url, "Signature=", "Signature=0", 1), strings.Replace(url, aws.ToString(j.JobId), "import-other", 1)} {
		got, err := exec.CommandContext(t.Context(), "curl", "-sS", "-X", "PUT", "-d", "x", "-H", "x-amz-server-side-encryption:aws:kms", without).CombinedOutput()
		ok(t, err)
		if !strings.Contains(string(got), "SignatureDoesNotMatch") {
			t.Errorf("%s", got)
		}
	}
	_, err = admin.CreateUserImportJob(t.Context(), &cip.CreateUserImportJobInput{UserPoolId: pool, JobName: &c.name, CloudWatchLogsRoleArn: aws.String("no role")})
	wantCode(t, "a role that is no ARN", err, "InvalidParameterException")
}

func (userPools) StartUserImportJob(t *testing.T, c *sdk) {
	importing.Lock()
	defer importing.Unlock()
	admin, pool := c.users(harness.Admin), importPool(t, c)
	j := uploaded(t, admin, pool, importFile(t, admin, pool, 3))
	started, err := admin.StartUserImportJob(t.Context(), &cip.StartUserImportJobInput{UserPoolId: pool, JobId: j.JobId})
	ok(t, err)
	equal(t, "status", started.UserImportJob.Status, types.UserImportJobStatusTypePending)
	done := ended(t, admin, j)
	equal(t, "status", done.Status, types.UserImportJobStatusTypeSucceeded)
	equal(t, "imported", done.ImportedUsers, 3)
	equal(t, "first line of the log", strings.SplitN(fetched(t, done.PreSignedUrl), "\n", 2)[0], "[SUCCEEDED] Line Number 1 - The import succeeded.")
	u, err := admin.AdminGetUser(t.Context(), &cip.AdminGetUserInput{UserPoolId: pool, Username: aws.String("user00001")})
	ok(t, err)
	equal(t, "status of a user", u.UserStatus, types.UserStatusTypeResetRequired)
	client, err := admin.CreateUserPoolClient(t.Context(), &cip.CreateUserPoolClientInput{UserPoolId: pool, ClientName: aws.String("web"),
		ExplicitAuthFlows: []types.ExplicitAuthFlowsType{types.ExplicitAuthFlowsTypeAllowUserPasswordAuth}})
	ok(t, err)
	_, err = c.users(harness.Anonymous).InitiateAuth(t.Context(), &cip.InitiateAuthInput{ClientId: client.UserPoolClient.ClientId, AuthFlow: types.AuthFlowTypeUserPasswordAuth,
		AuthParameters: map[string]string{"USERNAME": "user00001", "PASSWORD": "Correct-horse-7"}})
	wantCode(t, "a sign-in", err, "NotAuthorizedException")
	_, err = admin.StartUserImportJob(t.Context(), &cip.StartUserImportJobInput{UserPoolId: pool, JobId: j.JobId})
	wantCode(t, "started twice", err, "PreconditionNotMetException")
	empty, err := admin.CreateUserImportJob(t.Context(), &cip.CreateUserImportJobInput{UserPoolId: pool, JobName: &c.name, CloudWatchLogsRoleArn: aws.String(logsRole)})
	ok(t, err)
	_, err = admin.StartUserImportJob(t.Context(), &cip.StartUserImportJobInput{UserPoolId: pool, JobId: empty.UserImportJob.JobId})
	wantError(t, err, "PreconditionNotMetException", "No csv file was uploaded for "+aws.ToString(empty.UserImportJob.JobId))
}

func (userPools) StopUserImportJob(t *testing.T, c *sdk) {
	importing.Lock()
	defer importing.Unlock()
	admin, pool := c.users(harness.Admin), importPool(t, c)
	j := uploaded(t, admin, pool, importFile(t, admin, pool, 10_000))
	_, err := admin.StopUserImportJob(t.Context(), &cip.StopUserImportJobInput{UserPoolId: pool, JobId: j.JobId})
	wantCode(t, "a job that was not started", err, "PreconditionNotMetException")
	_, err = admin.StartUserImportJob(t.Context(), &cip.StartUserImportJobInput{UserPoolId: pool, JobId: j.JobId})
	ok(t, err)
	_, err = admin.UpdateUserPool(t.Context(), &cip.UpdateUserPoolInput{UserPoolId: pool})
	wantCode(t, "a change of the pool meanwhile", err, "UserImportInProgressException")
	stopped, err := admin.StopUserImportJob(t.Context(), &cip.StopUserImportJobInput{UserPoolId: pool, JobId: j.JobId})
	ok(t, err)
	equal(t, "status", stopped.UserImportJob.Status, types.UserImportJobStatusTypeStopping)
	done := ended(t, admin, j)
	equal(t, "status", done.Status, types.UserImportJobStatusTypeStopped)
	equal(t, "message", aws.ToString(done.CompletionMessage), "The Import Job was stopped by the developer.")
}

func (userPools) DescribeUserImportJob(t *testing.T, c *sdk) {
	admin, pool := c.users(harness.Admin), importPool(t, c)
	made, err := admin.CreateUserImportJob(t.Context(), &cip.CreateUserImportJobInput{UserPoolId: pool, JobName: &c.name, CloudWatchLogsRoleArn: aws.String(logsRole)})
	ok(t, err)
	got, err := admin.DescribeUserImportJob(t.Context(), &cip.DescribeUserImportJobInput{UserPoolId: pool, JobId: made.UserImportJob.JobId})
	ok(t, err)
	equal(t, "name", aws.ToString(got.UserImportJob.JobName), c.name)
	equal(t, "role", aws.ToString(got.UserImportJob.CloudWatchLogsRoleArn), logsRole)
	_, err = admin.DescribeUserImportJob(t.Context(), &cip.DescribeUserImportJobInput{UserPoolId: pool, JobId: aws.String("import-nobody")})
	wantCode(t, "an unknown job", err, "ResourceNotFoundException")
}

func (userPools) ListUserImportJobs(t *testing.T, c *sdk) {
	admin, pool := c.users(harness.Admin), importPool(t, c)
	for range 3 {
		_, err := admin.CreateUserImportJob(t.Context(), &cip.CreateUserImportJobInput{UserPoolId: pool, JobName: &c.name, CloudWatchLogsRoleArn: aws.String(logsRole)})
		ok(t, err)
	}
	first, err := admin.ListUserImportJobs(t.Context(), &cip.ListUserImportJobsInput{UserPoolId: pool, MaxResults: aws.Int32(2)})
	ok(t, err)
	equal(t, "jobs on the first page", len(first.UserImportJobs), 2)
	last, err := admin.ListUserImportJobs(t.Context(), &cip.ListUserImportJobsInput{UserPoolId: pool, MaxResults: aws.Int32(2), PaginationToken: first.PaginationToken})
	ok(t, err)
	equal(t, "jobs on the last page", len(last.UserImportJobs), 1)
	equal(t, "token after the last page", aws.ToString(last.PaginationToken), "")
	_, err = admin.ListUserImportJobs(t.Context(), &cip.ListUserImportJobsInput{UserPoolId: aws.String("us-east-1_doesNotEx"), MaxResults: aws.Int32(2)})
	wantCode(t, "an unknown pool", err, "ResourceNotFoundException")
}

// TestAKilledImportGoesOn kills the process with kill -9 while a job runs, and looks at counts, log and users afterwards.
func TestAKilledImportGoesOn(t *testing.T) {
	t.Parallel()
	s := harness.Start(t, harness.Config{})
	c := &sdk{Sluice: s, name: "killed", answered: map[string]bool{}, refused: map[string]bool{}}
	const all = 10_000
	admin := s.Users(harness.Admin)
	pool := importPool(t, c)
	j := uploaded(t, admin, pool, importFile(t, admin, pool, all))
	_, err := admin.StartUserImportJob(t.Context(), &cip.StartUserImportJobInput{UserPoolId: pool, JobId: j.JobId})
	ok(t, err)
	s.Await(t, func() bool {
		got, err := admin.DescribeUserImportJob(t.Context(), &cip.DescribeUserImportJobInput{UserPoolId: pool, JobId: j.JobId})
		ok(t, err)
		return got.UserImportJob.ImportedUsers > 0
	})
	s.Kill()
	s.Launch(t)
	admin = s.Users(harness.Admin)
	done := ended(t, admin, j)
	equal(t, "status", done.Status, types.UserImportJobStatusTypeSucceeded)
	equal(t, "imported", done.ImportedUsers, all)
	equal(t, "skipped and failed", done.SkippedUsers+done.FailedUsers, 0)
	equal(t, "lines of the log", strings.Count(fetched(t, done.PreSignedUrl), "[SUCCEEDED]"), all)
	described, err := admin.DescribeUserPool(t.Context(), &cip.DescribeUserPoolInput{UserPoolId: pool})
	ok(t, err)
	equal(t, "users", described.UserPool.EstimatedNumberOfUsers, all)
}
