// Package userimport serves the signed URLs of jobs that import users: PUT takes the CSV file, GET returns the log.
//
// The URL has the form of a presigned URL of S3, and errors are S3's XML. It does not run jobs or check signatures
// (userpool/importjob).
//
// Source: the Amazon Cognito developer guide, "Creating and running the Amazon Cognito user pool import job"; the error responses
// of Amazon S3.
package userimport
