// Package channel keeps one decision to one request. It finds what of HTTP makes a request stand for more than itself: upgrades and
// CONNECT, which open a channel for requests that nobody decides on, and early data, which an attacker can send again.
//
// It does not decide whether a request may pass, and it answers nothing.
//
// Sources: RFC 9110 section 7.8 (Upgrade), RFC 8441 and RFC 9220 (WebSocket over HTTP/2 and HTTP/3), RFC 8470 (early data).
package channel
