//go:build !race

package caddymodule

// raceEnabled reports whether the race detector is enabled, which slows tests down about tenfold.
const raceEnabled = false
