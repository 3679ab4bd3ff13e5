// Package storeoptions parses the options of the sluice block that maintain the store, key_rotation and backup, and that of the server
// beside it, redis.
//
// What it does: it turns the blocks into their settings, with an error that says what to write.
//
// What it leaves to others: whether the settings make sense (config), and the work itself (masterkey/rotation, backup/schedule, store/redis).
//
// Source: docs/keys.md, docs/backup.md and docs/revocation.md.
package storeoptions
