// Package rotation replaces master keys on a schedule.
//
// What it does: when the master key that seals is old enough, one process of those on the store makes the next one. As soon as all
// processes seal with that, one of them reseals everything in the store. Older keys stay, because tokens, backups and texts that a
// kms_key encrypted may need them; sluice keys retire removes them.
//
// What it leaves to others: making keys and agreeing on the one that seals (masterkey), resealing the store (reseal), and which process
// does the work (store/lease).
//
// Source: issue 15 of Sluice, "Keys".
package rotation
