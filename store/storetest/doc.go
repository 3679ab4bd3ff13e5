// Package storetest is the conformance suite of store.Store: what a backend must do before it may call itself one.
//
// What it does: Run takes a constructor of empty stores and checks every method, the errors, cascades, atomicity,
// isolation, paging, filters, text by its bytes, many goroutines, and the life of a user on the records. SurvivesKill
// kills a process that writes and looks for every write that it had acknowledged. A backend's own test is:
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, func(tb testing.TB) store.Store { … })
//	}
//
// What it leaves to others: what only one backend has, such as its files and migrations.
//
// Source: the contract in package store.
package storetest
