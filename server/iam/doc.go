// Package iam serves the part of AWS IAM that roles need.
//
// What it does: one function per operation: input to domain, domain to output. Policy documents go out percent-encoded
// (RFC 3986) as IAM's do.
//
// What it leaves to others: the protocol (server/query), the caller's signature and permission (server/caller), what roles
// and policies may be (package iam of the domain). A managed policy has one version, v1.
//
// Source: the AWS IAM API reference, version 2010-05-08.
package iam
