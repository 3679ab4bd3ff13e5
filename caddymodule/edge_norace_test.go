//go:build !race

package caddymodule

// raceEnabled says that everything takes ten times as long.
const raceEnabled = false
