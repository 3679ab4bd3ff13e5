// Package lease gives work that must run once to one of the processes that share a store.
//
// What it does: a Keeper takes a lease for a name, renews it while the work runs, and records when the work was done, so that no process
// repeats it too early. The lease of a process that was killed expires. A process that was suspended and resumes has lost its lease too:
// Check, in the transaction that writes, detects that, so late writes fail.
//
// What it leaves to others: the work, which must consist of repeatable steps, because a process can be killed after any of them. Messages
// (message/queue) and import jobs (userpool/importjob) have their own leases.
//
// Source: Martin Kleppmann, "How to do distributed locking" (2016), on fencing.
package lease
