// Package mount says where the OAuth endpoints and the login pages of a user pool are reached.
//
// A pool is mounted at /{poolId} below the public URL, and at the root of each of its domains. With puts the mount point into
// the context of a request, whose path is then the part below it; From returns it. Handlers build links with Path and
// absolute URLs with Base, and name cookies with Cookie.
//
// Package node finds the pool of a request. Which hosts are a pool's domains is in package userpool/domains.
//
// Source: the paths below a Cognito domain; RFC 6265bis section 4.1.3 for the names of cookies.
package mount
