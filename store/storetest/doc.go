// Package storetest tests that a backend fulfils the contract of store.Store.
//
// What it does: Run takes a constructor of empty stores and tests every method, errors, cascades, atomicity, isolation,
// paging, filters, comparison of text, concurrency, and the records of a user from sign-up to deletion. SurvivesKill
// kills a process that writes and looks for every write that it has acknowledged. The test of a backend is:
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, func(tb testing.TB) store.Store { … })
//	}
//
// What it leaves to others: each backend tests what only it has, such as its files and migrations.
//
// Source: the contract in package store.
package storetest
