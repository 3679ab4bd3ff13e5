// Package identitypool keeps federated identities and turns logins into temporary credentials.
//
// What it does: pools and their settings; identities that logins find, create, link and merge; verification of every
// login that is sent; the choice of a role (default, from the token, by rules); the enhanced flow (credentials in one
// call, with AWS's limits on guests) and the basic flow (an OpenID token for AssumeRoleWithWebIdentity); principal tags;
// developer identities; the keys of the pools' own OpenID tokens.
//
// What it leaves to others: verifying signatures (authz/token), trust policies and minting (iam, through the interface
// Assumer), the wire (server/cognitoidentity), and who may administer pools (server/caller).
//
// Source: the Amazon Cognito identity pools API, version 2014-06-30, and the developer guide's chapters on identity
// pools. Rules on which AWS is silent are stated in the code and in docs/divergences.md.
package identitypool
