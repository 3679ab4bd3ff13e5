// Package identitypool keeps federated identities and turns logins into temporary credentials.
//
// It keeps pools with their settings; finds, creates, links and merges identities by their logins; verifies every login;
// and chooses a role: the default, one from the token, or one by rules. It implements the enhanced flow (credentials in one
// call, with AWS's limits on guests), the basic flow (an OpenID token for AssumeRoleWithWebIdentity), principal tags and
// developer identities, and keeps the keys of the pools' own OpenID tokens.
//
// It does not verify signatures (authz/token), evaluate trust policies or mint credentials (iam, through the interface
// Assumer), implement the API's protocol (server/cognitoidentity), or decide who may administer pools (server/caller).
//
// Source: the Amazon Cognito identity pools API, version 2014-06-30, and the developer guide's chapters on identity
// pools. Rules on which AWS is silent are stated in the code and in docs/divergences.md.
package identitypool
