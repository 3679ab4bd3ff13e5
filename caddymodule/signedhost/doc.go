// Package signedhost finds the Host header that an upstream gets, which the signature of sluice_credentials covers.
//
// Of refuses proxies that change what is signed. It does not find out which proxies follow a sluice_credentials (caddymodule), and
// does not sign (credentials).
//
// Source: the reverse_proxy of Caddy 2, and the AWS documentation of Signature Version 4.
package signedhost
