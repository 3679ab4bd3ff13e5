// Package bounded provides a map of fixed capacity whose entries expire, a budget for bytes that are being read, and places of which one
// holder may have a share.
//
// A full map evicts the live entry that expires first; it never refuses a new one. Callers pass the current time to each
// method. Get is O(1), changes are O(log n), and no call scans the map.
//
// The package has no background goroutine and no clock of its own, which is why it is not one of the usual caches:
// hashicorp/golang-lru and jellydator/ttlcache read the system clock, and maypok86/otter evicts later, on another
// goroutine, and may drop a new entry instead of an old one.
package bounded
