// Package throttle limits the rate of calls per client address.
//
// A Table allows each address a burst of calls and then a fixed number per second. Its memory is bounded. Addresses in the same
// IPv6 /64 network, which a single client can have, count as one.
//
// The caller decides what a call is, determines the address of a client behind proxies, and answers calls that are not allowed.
//
// Source: the generic cell rate algorithm (ITU-T I.371 annex A), virtual scheduling version.
package throttle
