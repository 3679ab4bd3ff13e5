// Package relay verifies passwords with another Cognito user pool, for the users that were pulled from it.
//
// What it does: it stores the sealed record of a pool's pull, with the app client of the old pool to use. To verify a password, it signs
// the user in there: with USER_PASSWORD_AUTH, ADMIN_USER_PASSWORD_AUTH, or USER_SRP_AUTH, as the settings of that client allow. These
// calls are limited in time and number, separately for users and for unknown names. Tokens that the old pool issues are discarded.
//
// What it leaves to others: when to verify, the lockout, and storing the password (userpool/directory); reading users and settings
// (userpool/pull).
//
// Source: InitiateAuth and RespondToAuthChallenge in the cognito-idp API reference; docs/leaving-aws.md.
package relay
