// Package replicas has the replicas of user pools in other regions.
//
// A replica has only its own state and tags: the processes of all regions share the store, so that it is the store that
// replicates. In a process of several regions, or in two processes with one store, calls that are signed for the replica's region find
// the pool there, with the resource name of that region, and may read it; while the replica is active, users sign in there too. May
// says which operations a replica has.
//
// Calls without a signature name no region: they reach the pool itself.
//
// Source: the operations on replicas in the cognito-idp API reference, and the chapter on multi-Region replication in the developer
// guide, November 2026.
package replicas
