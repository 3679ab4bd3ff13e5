// Package decisionlog is the log of a gate's decisions: what a record has, and how logs are read and summed up.
//
// What it does: a Record has what is needed to decide on the request again with other policies: the principal, the actions and resources,
// and the values of the condition keys. It has no credential, no body, and no value of a header or parameter whose name looks like a
// secret's. Its size is bounded. Read reads records from files; a Report groups them.
//
// What it leaves to others: making records and deciding again (authz), writing them (the host's log), the commands (node/policyroute).
//
// Programs of others may import this package; docs/decisions/0029-what-others-import.md says what they can rely on.
//
// Source: docs/policies.md, "Decision log".
package decisionlog
