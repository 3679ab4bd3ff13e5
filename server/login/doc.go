// Package login is the behaviour of managed login: the pages on which users of a pool sign in, sign up, and prove and set up
// their factors.
//
//	/login            sign in; account chooser; continues a session of the browser
//	/challenge        every challenge of a sign-in, one page for each
//	/signup           sign up; /confirm and /resendcode for its code
//	/forgotPassword   a new password by code; /confirmforgotPassword takes the code
//	/passkeys/add     make a passkey
//	/consent          whether an app that registered itself may have access
//	/device           the code that a device shows (RFC 8628)
//	/confirmUser      the link in a verification mail
//	/authEventFeedback  the links in mails about risky sign-ins
//	/signedout        after a sign-out without a target
//
// All pages carry the query of the authorization request. Between two pages, the state of a sign-in is in a cookie, sealed: see
// pageData. The cookie is bound to the browser by a secret in another cookie, and so is the CSRF token of every form: see browser.
// After a POST that succeeds, the browser gets a redirect. A POST that fails shows its page again.
//
// No decision about a sign-in is made here: userpool/signin runs it, and userpool/oauth completes the authorization request.
// Package pages renders. Style and documents come from userpool/branding and userpool/terms.
//
// Source: the Amazon Cognito developer guide, "User pool managed login" and "Login endpoint"; for names of cookies and fields, what the
// real pages send.
package login
