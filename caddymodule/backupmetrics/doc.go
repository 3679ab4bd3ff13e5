// Package backupmetrics has the Prometheus metrics of standing backups.
//
// What it does: its Metrics implement schedule.Observer.
//
// What it leaves to others: package caddymodule has all other metrics, and registers these.
//
// Source: docs/metrics.md.
package backupmetrics
