// Package audit records who called an API, on what, from where, and with what result.
//
// What it does: it makes a record of each API call that changes something, signs a user in, or was denied. A record contains only members
// of the input from a fixed list of names and identifiers, so it cannot contain a password, code, secret or token.
//
// What it leaves to others: writing records (caddymodule), sign-ins on login pages, which user pools log (userpool/logs), and requests to
// upstreams, which are in access logs.
//
// Programs of others may import this package; docs/decisions/0029-what-others-import.md says what they can rely on.
//
// Source: the record is modelled on AWS CloudTrail's, https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html.
package audit
