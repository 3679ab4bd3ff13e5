// Package userpool is the directory of users and the state machine of their sign-ins.
//
// What it does: a Service keeps pools, app clients, users, groups and one-time codes in a store; runs the sign-in flows
// and challenges; mints the tokens (issue.go alone does), renews and revokes them; holds the signing keys of each pool
// and rotates them. It decides what an attribute, a password or a setting may be, and whether a user's existence may
// show. flows.go is the table of flows and challenges; each has a file of its own.
//
// What it leaves to others: HTTP and JSON shapes (server/cognitoidp), who may call an administrator's operation
// (server/caller), what a token is good for at the edge (authz), carrying messages (message), and durability (store).
//
// Source: the cognito-idp API reference and the Amazon Cognito developer guide of November 2026; what neither says was
// taken from what clients do. docs/user-pools.md lists what is there, docs/divergences.md where it departs.
package userpool
