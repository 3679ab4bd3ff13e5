// Package gatemetrics counts and times for Prometheus what gates do.
//
// What it does: its Metrics make the observers of gates, and add up the caches of tokens. A gate's observer takes no lock: it counts with
// counters that it keeps by their labels, and times one request in authz.TimedOf.
//
// What it leaves to others: package caddymodule has all other metrics, and registers these.
//
// Source: docs/metrics.md.
package gatemetrics
