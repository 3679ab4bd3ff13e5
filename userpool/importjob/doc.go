// Package importjob runs the jobs with which the API imports users from a CSV file.
//
// A job has an upload URL, which is signed, expires and is good for this job only. Its file is kept in the store, sealed, until the
// job has ended. One process at a time runs a job, under a lease that every batch of users renews: counts, log and users of a
// batch are one transaction, so after a crash the next process continues with the row after it and nothing is counted or created
// twice. The log has one line for each row, by number, without data of users.
//
// It does not read CSV (userpool/userfile), write users (userpool/importer) or serve the URL (server/userimport).
//
// Source: the Amazon Cognito developer guide of November 2026, "Importing users from a CSV file"; the API reference of
// CreateUserImportJob, StartUserImportJob, StopUserImportJob, DescribeUserImportJob and ListUserImportJobs.
package importjob
