// Package oauthtoken serves the token side of OAuth 2.0 below the mount point of a user pool: /oauth2/token, /oauth2/userInfo,
// /oauth2/revoke and their kind.
//
// It reads requests and writes answers. Package userpool/grants decides. Pages and authorization requests are in server/oauth
// and server/login.
//
// Source: the Amazon Cognito developer guide, "Managed login endpoints reference"; RFC 6749, 6750 and 7009.
package oauthtoken
