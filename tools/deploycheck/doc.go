// Package deploycheck has the tests of the files in deploy that need libraries of other projects.
//
// What it does: it reads manifests as Kubernetes does and judges pods by its standard "restricted", reads compose.yaml as docker does and
// the Dockerfile as BuildKit does, runs promtool on the rules, and compares rules, dashboard and runbook with docs/metrics.md.
//
// What it leaves to others: Caddyfiles, and running the binary as the unit and the image do (e2e).
//
// Source: the documentation of each format.
package deploycheck
