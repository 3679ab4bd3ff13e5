// Package iam manages roles and managed policies, decides who may assume a role, and mints the sessions of roles.
//
// What it does: roles with their trust policy, permission policies and boundary, compiled once and read without a lock;
// AWS managed policies that sessions name; AssumeRole, AssumeRoleWithWebIdentity, GetSessionToken, GetFederationToken;
// the administrator's root key.
//
// What it leaves to others: the policy language (authz/policy), verifying tokens (authz/token), the sealed form of
// temporary credentials (credentials/session), the wire (server/sts, server/iam), and authenticating callers
// (server/caller).
//
// Source: the AWS STS API, version 2011-06-15; the used part of the IAM API, version 2010-05-08; the IAM user guide on
// trust policies, session policies, session tags and role chaining.
package iam
