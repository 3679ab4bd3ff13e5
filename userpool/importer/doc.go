// Package importer writes users who come from somewhere else into a user pool.
//
// An Entry is what is known of such a user: names, attributes, groups, a password hash of another system, a secret of TOTP. Write
// checks entries as the operations of administrators do (the form of names, the schema, the case rule, that names are nobody
// else's) in the transaction that writes them, many in one transaction. A user who exists already is ErrExists, so that an
// import can be repeated.
//
// It does not read files (userpool/userfile), does not run the import jobs of the API (userpool/importjob), sends no messages and
// runs no triggers.
//
// Source: the Amazon Cognito developer guide of November 2026, "Importing users from a CSV file".
package importer
