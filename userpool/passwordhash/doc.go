// Package passwordhash reads password hashes that other systems made and compares passwords with them.
//
// It parses the four forms that Cognito imports, and makes hashes from the parts that other exports name: Firebase's scrypt,
// Keycloak's PBKDF2 and Argon2. It bounds the cost of every hash, so that no imported value can make a sign-in expensive. A Hash
// keeps a digest of the hash, not the hash itself, so the store gives nothing back that another system would accept.
//
// It does not make hashes of new passwords and does not limit how many comparisons run at once (both userpool/directory).
//
// Source: the Amazon Cognito developer guide of November 2026, "Importing users from a CSV file"; RFC 7914, RFC 8018, RFC 9106;
// the OpenBSD description of bcrypt; github.com/firebase/scrypt; Keycloak's credential providers.
package passwordhash
