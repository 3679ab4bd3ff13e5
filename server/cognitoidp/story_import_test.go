package cognitoidp_test

import (
	"net/http/httptest"
	"strings"
)

// imports plays the operations on jobs that import users.
func imports(b *table) {
	b.play(step{"CreateUserPool", "for imports", `{"PoolName": "imports", "AutoVerifiedAttributes": ["email"],
		"Schema": [{"Name": "team", "AttributeDataType": "String"}]}`, map[string]string{"pool": "UserPool.Id"}})
	b.play(step{"GetCSVHeader", "with a custom attribute", `{"UserPoolId": "{pool}"}`, nil})
	b.play(step{"GetCSVHeader", "unknown pool", `{"UserPoolId": "us-east-1_doesNotEx"}`, nil})
	const role = `"CloudWatchLogsRoleArn": "arn:aws:iam::123456789012:role/logs"`
	b.play(step{"CreateUserImportJob", "without hashes", `{"UserPoolId": "{pool}", "JobName": "people", ` + role + `}`,
		map[string]string{"job": "UserImportJob.JobId", "url": "UserImportJob.PreSignedUrl"}})
	b.play(step{"CreateUserImportJob", "with hashes", `{"UserPoolId": "{pool}", "JobName": "more people", "PasswordHashingAlgorithm": "BCRYPT", ` + role + `}`,
		map[string]string{"hashed": "UserImportJob.JobId", "hashed url": "UserImportJob.PreSignedUrl"}})
	b.play(step{"CreateUserImportJob", "unknown pool", `{"UserPoolId": "us-east-1_doesNotEx", "JobName": "people", ` + role + `}`, nil})
	b.play(step{"CreateUserImportJob", "unknown algorithm", `{"UserPoolId": "{pool}", "JobName": "people", "PasswordHashingAlgorithm": "MD5", ` + role + `}`, nil})
	b.play(step{"CreateUserImportJob", "without a role", `{"UserPoolId": "{pool}", "JobName": "people"}`, nil})
	b.play(step{"DescribeUserImportJob", "created", `{"UserPoolId": "{pool}", "JobId": "{hashed}"}`, map[string]string{"url again": "UserImportJob.PreSignedUrl"}})
	b.play(step{"DescribeUserImportJob", "unknown", `{"UserPoolId": "{pool}", "JobId": "import-nobody"}`, nil})
	b.play(step{"ListUserImportJobs", "first page", `{"UserPoolId": "{pool}", "MaxResults": 1}`, map[string]string{"more jobs": "PaginationToken"}})
	b.play(step{"ListUserImportJobs", "last page", `{"UserPoolId": "{pool}", "MaxResults": 1, "PaginationToken": "{more jobs}"}`, nil})
	b.play(step{"ListUserImportJobs", "without a size", `{"UserPoolId": "{pool}"}`, nil})
	b.play(step{"StartUserImportJob", "without a file", `{"UserPoolId": "{pool}", "JobId": "{job}"}`, nil})
	b.play(step{"StartUserImportJob", "unknown", `{"UserPoolId": "{pool}", "JobId": "import-nobody"}`, nil})
	b.play(step{"StopUserImportJob", "not started", `{"UserPoolId": "{pool}", "JobId": "{job}"}`, nil})
	b.play(step{"StopUserImportJob", "unknown", `{"UserPoolId": "{pool}", "JobId": "import-nobody"}`, nil})
	upload := httptest.NewRequest("PUT", b.vars["url"], strings.NewReader("a header of another pool"))
	upload.Header.Set("X-Amz-Server-Side-Encryption", "aws:kms")
	answer := httptest.NewRecorder()
	b.node.ServeHTTP(answer, upload)
	if answer.Code != 200 {
		b.t.Error(answer.Code, answer.Body)
	}
	b.play(step{"StartUserImportJob", "with a file", `{"UserPoolId": "{pool}", "JobId": "{job}"}`, map[string]string{"url of the log": "UserImportJob.PreSignedUrl"}})
}
