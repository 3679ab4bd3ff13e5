// Package federation is the HTTP side of sign-ins through identity providers: it sends browsers to providers and takes what they bring
// back.
//
//	/oauth2/idpresponse  the answers of OIDC and social providers, by GET or, with response_mode=form_post, by POST
//	/saml2/idpresponse   the answers of SAML providers, by POST
//	/saml2/logout        their answers to sign-outs, by POST
//	/saml2/metadata      the pool as a service provider, which Cognito does not have
//
// A browser that goes to a provider gets a secret in a cookie, without which the answer is of no use. Forms come from the provider's site,
// so the cookie must be SameSite=None, which browsers take from HTTPS sites only. Without HTTPS, a form that comes without the cookie is
// answered with a page that sends it again, now from the pool's own site.
//
// What an answer means is for userpool/federation, the pages for server/login.
//
// Source: the Amazon Cognito developer guide, "Endpoints of user pools"; OAuth 2.0 Form Post Response Mode; RFC 6265bis section 5.6.7.
package federation
