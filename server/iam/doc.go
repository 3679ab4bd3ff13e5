// Package iam serves the part of AWS IAM that roles need.
//
// Each operation is one function, which converts the input, calls the domain package iam and converts the result. Policy
// documents are percent-encoded in answers (RFC 3986), as IAM's are.
//
// The protocol is in server/query, authentication and authorization of the caller in server/caller.
//
// Source: the AWS IAM API reference, version 2010-05-08.
package iam
