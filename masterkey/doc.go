// Package masterkey finds the master keys of a process, checks that they are those of its store, and replaces them while it runs.
//
// What it does: a Source is a place where master keys are kept: a File, the environment (Env), a Command, a KMS, or a Vault. A Keeper
// reads its sources, owns the seal.Box of the process, and keeps a record in the store: which master keys the store needs, a check
// value of each, which one seals, and which processes live with which keys. So a process with a wrong key does not start, and a
// process seals with a new key only when every process can open what it seals: when the new key is the first one of all of them.
//
// What it leaves to others: encryption (seal), sealing again what the store holds (store/sql, node/keyscmd), commands (node/keyscmd),
// and settings (config, node).
//
// Source: the AWS KMS API reference, "Envelope encryption" and GenerateDataKey; Vault's HTTP API of the transit secrets engine.
package masterkey
