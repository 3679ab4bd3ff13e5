//go:build race

package userpooltest

// hashMemory is the memory of a password hash in KiB. The race detector makes hashes some ten times slower, so that tests use
// small ones with it.
const hashMemory = 64
