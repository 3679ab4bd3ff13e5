// Package policyroute is the command `sluice policy`.
//
// What it does: the commands on files alone (test, simulate, explain, validate), and those that know a configuration and its decision log:
// check decides on a request of a route, replay decides on recorded requests with changed policies, shadow sums up what shadow mode let
// pass, and lint finds grants that are broader than need be, with the smallest edit.
//
// What it leaves to others: policies (authz/policy), case files (authz/policycmd), records (authz/decisionlog), engines (authz), reading the
// configuration (caddymodule).
//
// Source: docs/policies.md, "On the command line".
package policyroute
