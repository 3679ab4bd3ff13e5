// Package redis carries revocations between Sluice processes in a Redis stream.
//
// What it does: a Feed publishes the revocations of its process and applies those of all processes. Every process reads
// the stream from its beginning after each connect, and then as it grows. Age returns the time since the last read that
// proved that nothing was missed. If Redis did not get entries or lost them, in a restart without data, a flush or a
// failover, the processes publish them again from what they hold durably. Redis may be a single server, a cluster, or
// servers with Sentinels.
//
// What it leaves to others: package store keeps revocations, authz/revoke knows what they mean, and authz and the host
// refuse requests when Age is too high. No request waits for this package. Publish waits at most PublishWait.
//
// A Feed runs four goroutines from Start to Close, also during an outage: one reads the stream, one publishes, one
// compares the stream with the known revocations, and one reports the state.
//
// Source: https://redis.io/docs/latest/develop/data-types/streams/ and the commands XADD, XREAD and XRANGE of Redis
// 6.2 and Valkey.
package redis
