// Package reseal seals everything that a store keeps sealed with the current master key.
//
// What it does: Run walks the sealed columns of a store in small transactions and reseals each value that an older master key sealed.
// It may be interrupted and run again, and run while processes serve: a value that changes in the meantime is read again. Count only
// counts which keys the store needs.
//
// What it leaves to others: which columns there are (store.SealedColumns), what each is sealed with (the packages that keep them), the
// record of master keys (masterkey), and tokens that their holders keep.
//
// Source: issue 15 of Sluice, "Keys".
package reseal
