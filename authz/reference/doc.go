// Package reference lists the condition keys that Sluice supplies, by action.
//
// Keys returns the keys of an action. Unsupplied finds the conditions of a policy whose key none of the statement's actions
// has: in an Allow they never hold, in a Deny they never deny. Table returns the list as it is in docs/condition-keys.md.
//
// The package decides nothing. The values come from server/caller and iam for Sluice's own APIs, and from authz for the
// requests to upstreams; their tests compare what they supply with this list.
//
// Source: the Service Authorization Reference of IAM, STS, Cognito user pools, Cognito identity and S3; "AWS global condition
// context keys" and "IAM and AWS STS condition context keys" in the IAM User Guide.
package reference
