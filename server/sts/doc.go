// Package sts serves the AWS Security Token Service.
//
// Each operation is one function, which converts the input, calls the domain package iam and converts the result.
//
// The protocol is in server/query, authentication and authorization of the caller in server/caller.
//
// Source: the AWS STS API reference, version 2011-06-15.
package sts
