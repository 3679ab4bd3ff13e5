// Package fleet keeps the processes on one store consistent.
//
// What it does: a Follower applies changes of other processes in the store to the memory of this one. Revocations does so for revoked
// tokens. Counts counts calls and used sessions of all processes in Redis.
//
// What it leaves to others: store.Watcher reports the changes, and each service reads its records again. Package store/redis counts.
// Package store/lease gives background work to one process.
//
// Source: docs/many-processes.md.
package fleet
