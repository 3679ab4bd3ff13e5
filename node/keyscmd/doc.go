// Package keyscmd implements the command `sluice keys`.
//
// What it does: it lists master keys and signing keys, rotates both, reseals the store, retires unused master keys, and revokes signing
// keys.
//
// What it leaves to others: master keys (masterkey), sealing (reseal), signing keys (authz/keyring, userpool), reading the configuration
// (caddymodule).
//
// Source: docs/keys.md.
package keyscmd
