// Package store defines the records that Sluice keeps and the contract of the backends that keep them.
//
// What it does: it has the records, which are plain values without behaviour, narrow interfaces over them, one per
// concern, and sentinel errors. A backend provides the interfaces inside a transaction:
//
//	err := st.Update(ctx, func(tx store.Tx) error {
//		u, err := tx.Users.Get(pool, sub)
//		…
//		u.Enabled = false
//		return tx.Users.Update(u)
//	})
//
// What it leaves to others: the domain packages decide what a record may hold, and seal or hash secrets before they
// store them. Backends are folders of this one, such as store/sqlite. Every backend passes the tests of
// store/storetest.
//
// Source: the records follow what the cognito-idp, cognito-identity and IAM APIs keep.
package store
