//go:build !race

package userpooltest

// hashMemory is the memory of a password hash in KiB: 0 is that of the product.
const hashMemory = 0
