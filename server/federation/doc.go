// Package federation serves the HTTP side of sign-ins with identity providers: it redirects browsers to providers and receives their
// responses.
//
//	/oauth2/idpresponse  responses of OIDC and social providers, by GET or, with response_mode=form_post, by POST
//	/saml2/idpresponse   responses of SAML providers, by POST
//	/saml2/logout        their logout responses and logout requests, by POST
//	/saml2/metadata      the pool's metadata as a service provider, which Cognito does not have
//
// A browser that is redirected to a provider gets a secret in a cookie, which the response needs. Forms come from the provider's site, so
// the cookie must be SameSite=None, which browsers accept from HTTPS sites only. Without HTTPS, a form without the cookie is answered
// with a page that submits it again, from the pool's own site.
//
// Package userpool/federation interprets responses, package server/login has the pages.
//
// Source: the Amazon Cognito developer guide, "Endpoints of user pools"; OAuth 2.0 Form Post Response Mode; RFC 6265bis section 5.6.7.
package federation
