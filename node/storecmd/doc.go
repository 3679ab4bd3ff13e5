// Package storecmd implements "sluice store copy".
//
// What it does: it opens the two stores of the arguments, copies one to the other with package store/copying, and prints the progress and
// the result.
//
// What it leaves to others: copying and comparing (store/copying), the stores (store/sqlite, store/postgres).
//
// Source: docs/backup.md.
package storecmd
