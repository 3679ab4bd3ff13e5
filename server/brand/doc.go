// Package brand serves the style sheets and images of the login pages, below the mount point of a user pool, at /brand/.
//
// Addresses have the hash of what they give, so browsers keep it for ever. Whoever set an image may mean harm: each is served with
// its one type, and browsers run nothing of it, not even when it is opened on its own.
//
// A preview shows every page with a style that users need not see yet. Its address has a sealed token, which the operator gets from
// the command "sluice preview" and which is good for an hour.
//
// It does not decide what images and style sheets may hold, or keep them (userpool/branding), or write pages (server/login/pages).
//
// Source: RFC 8246 for immutable answers; the section on SVG in the Content Security Policy specification.
package brand
