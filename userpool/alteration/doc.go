// Package alteration changes what Cognito fixes when a pool is created: alias and user name attributes, the rule about case, required
// attributes, the schema, and the name.
//
// What it does: Alter applies a Change to the settings of a pool and to all of its users in one transaction, names of users recomputed
// and checked against each other. Users who do not fit are listed, and then nothing has changed; a dry run lists them and changes
// nothing in any case. The work is done on a snapshot (plan); the transaction (application) checks who changed since, and writes.
//
// What it leaves to others: which settings are valid, how names are compared and values checked (userpool), the command line
// (node/userpoolcmd).
//
// Source: none, Cognito cannot do this; the words are those of CreateUserPool. docs/user-pools.md describes it.
package alteration
