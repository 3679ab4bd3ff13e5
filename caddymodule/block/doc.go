// Package block parses the options of a block in a Caddyfile.
//
// What it does: it reads one option after the other, each with the parser of its kind, and says what to write when one is not right: the
// options that there are, the one that was probably meant, the syntax.
//
// What it leaves to others: which options there are (caddymodule and its other packages), and whether values make sense (config).
//
// Source: Caddy's dispenser, https://caddyserver.com/docs/extending-caddy/caddyfile.
package block
