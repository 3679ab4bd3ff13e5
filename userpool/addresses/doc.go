// Package addresses has the rules about the e-mail addresses and phone numbers of users: which of them get invitations and codes, and
// which changes wait for a code. It sends nothing and writes nothing; userpool/directory does.
//
// Source: AWS, AdminCreateUser, UpdateUserAttributes and GetUserAttributeVerificationCode in the cognito-idp API reference. The sources of
// the texts are in docs/updates.md, "When attributes are checked".
package addresses
