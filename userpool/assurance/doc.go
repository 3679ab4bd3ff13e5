// Package assurance says how strongly a user has proved who they are: the methods of a sign-in, which the claim amr lists, and
// the level that they reach, which the claim acr names.
//
// It does not run sign-ins (userpool/signin) or make tokens (userpool/tokens).
//
// Source: the Amazon Cognito developer guide, "Authentication levels with ACR and AMR claims".
package assurance
