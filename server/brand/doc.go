// Package brand serves the style sheets and images of the login pages, below the mount point of a user pool, at /brand/.
//
// URLs contain the hash of the content, so browsers may cache it for ever. Images may come from an attacker: each is served with its one
// content type, and browsers run no script in it, not even when it is opened directly.
//
// A preview shows every page with a style before users see it. Its URL contains a sealed token, which the command "sluice preview" prints
// and which is valid for an hour.
//
// It does not check or store images and style sheets (userpool/branding), or render pages (server/login/pages).
//
// Source: RFC 8246 for immutable answers; the section on SVG in the Content Security Policy specification.
package brand
