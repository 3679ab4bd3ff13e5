// Package brand serves the style sheets and images of the login pages, below the mount point of a user pool, at /brand/.
//
// Addresses have the hash of what they give, so browsers keep it for ever. Whoever set an image may mean harm: each is served with
// its one type, and browsers run nothing of it, not even when it is opened on its own.
//
// It does not decide what images and style sheets may hold, or keep them (userpool/branding), or write pages (server/login).
//
// Source: RFC 8246 for immutable answers; the section on SVG in the Content Security Policy specification.
package brand
