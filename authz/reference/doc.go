// Package reference lists the condition keys that Sluice supplies, by action.
//
// Keys returns the keys of an action. Unsupplied finds the conditions of a policy whose key none of the statement's
// actions has: they never apply. Table returns the list as docs/condition-keys.md has it.
//
// The package does not evaluate policies. server/caller and iam supply the values for Sluice's own APIs, and authz for
// requests to upstreams. Their tests compare the supplied keys with this list.
//
// Source: the Service Authorization Reference of IAM, STS, Cognito user pools, Cognito identity and S3; "AWS global condition
// context keys" and "IAM and AWS STS condition context keys" in the IAM User Guide.
package reference
