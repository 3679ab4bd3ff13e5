// Package redis carries revocations between Sluice processes over a Redis stream.
//
// What it does: a Feed publishes this process's revocations and applies everybody's. The stream is read from its
// beginning after every connect and then as it grows, by every process for itself; Age says how old the last proof is
// that nothing was missed. What Redis did not get, or lost (a restart without its data, a flush, a failover to a replica
// that lacked the tail), is published again from what the processes hold durably. Single servers, Sentinels and clusters.
//
// What it leaves to others: keeping revocations (package store), knowing what they mean (authz/revoke), and refusing
// requests when Age is too high (authz and the host). No request ever waits for this package: a Publish waits at most
// PublishWait.
//
// A Feed owns four goroutines from Start to Close, however long an outage lasts: one reads, one publishes, one compares
// the stream with what is known, one watches the state.
//
// Source: https://redis.io/docs/latest/develop/data-types/streams/ and the commands XADD, XREAD and XRANGE of Redis
// 6.2 and Valkey.
package redis
