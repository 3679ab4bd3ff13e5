// Package reseal seals everything that a store keeps sealed with the current master key.
//
// What it does: Run walks the sealed columns of a store in small transactions and seals each value that an older master key sealed anew.
// It may be interrupted and run again, and run beside processes that serve: a value that changes meanwhile is read again. Count only
// counts which keys the store needs.
//
// What it leaves to others: which columns there are (store.SealedColumns), what each is sealed with (the packages that keep them), the
// record of master keys (masterkey), and tokens that their holders keep.
//
// Source: issue 15 of Sluice, "Keys".
package reseal
