// Package chain makes the audit log tamper-evident.
//
// What it does: each process writes its records as a chain. A record has the chain's id, its number, the MAC of the one before, and its own
// MAC, with a key that follows from the master key. Someone who can write the file but does not know the key cannot add, change, move or leave
// out a record unseen. The number and MAC of the last record are in the store, at most CheckpointEvery late, so that records that were cut
// off the end are missed. A Verifier reads files and says where the first chain breaks.
//
// What it leaves to others: what is in a record (server/audit), writing and rotating files (the host's log), and the command that verifies
// (node/auditcmd). Anyone who has the master key, or runs as the process, can forge records: send them to another machine as well.
//
// Source: Bruce Schneier and John Kelsey, "Secure Audit Logs to Support Computer Forensics" (1999), sections 3 and 4, without the evolving
// key; the store takes its place.
package chain
