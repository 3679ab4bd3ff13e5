// Package throttle bounds how often each client address may call.
//
// What it does: it gives every address a number of calls at once and so many per second after that, in memory of a fixed
// bound. Addresses of one IPv6 network of 64 bits, which a single client can have, count as one.
//
// What it leaves to others: what a call is, whose address it comes from behind proxies, and what the client is told.
//
// Source: the generic cell rate algorithm, ITU-T I.371 annex A, in its virtual scheduling form.
package throttle
