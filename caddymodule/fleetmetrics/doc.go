// Package fleetmetrics has the Prometheus metrics of package fleet.
//
// What it does: its Metrics implement fleet.Observer.
//
// What it leaves to others: package caddymodule has all other metrics, and registers these.
//
// Source: docs/metrics.md.
package fleetmetrics
