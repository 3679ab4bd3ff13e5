// Package sts serves the AWS Security Token Service.
//
// What it does: one function per operation: input to domain, domain to output.
//
// What it leaves to others: the protocol (server/query), the caller's signature (server/caller), trust policies and
// sessions (iam). AssumeRoleWithSAML and DecodeAuthorizationMessage are not there: nothing here verifies SAML
// assertions, and no refusal here is encoded.
//
// Source: the AWS STS API reference, version 2011-06-15.
package sts
