// Package runtimes makes the runtimes of trigger functions from the settings.
//
// It does not call functions (trigger), and does not share runtimes between configurations (node).
package runtimes
