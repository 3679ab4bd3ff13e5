// Package health says whether a process should get requests.
//
// What it does: it runs named checks, at most once a second however often it is asked, remembers the outcome, reports changes, and
// prints outcomes in the form of Kubernetes. A check is ok, degraded or failed; only a failed one makes a process not ready. A
// Tracker remembers since when work fails, and a Clock notices a clock that is wrong.
//
// What it leaves to others: what is checked (node, caddymodule), and HTTP (node).
//
// Source: https://kubernetes.io/docs/reference/using-api/health-checks/.
package health
