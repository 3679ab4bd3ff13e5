// Package confirmuser serves the page that the link in a verification mail opens.
//
//	GET /{poolId}/confirmUser/?client_id=…&user_name=…&confirmation_code=…
//
// A GET confirms the user and shows the result. HEAD requests and prefetches of browsers change nothing. Mail scanners that open
// links with GET do confirm the user, as they do with AWS; the link then shows the same result to its reader until its code
// expires.
//
// It does not make codes or decide who is confirmed (userpool/directory), or render templates of pools.
//
// Source: the links of Cognito's mails with DefaultEmailOption CONFIRM_WITH_LINK.
package confirmuser
