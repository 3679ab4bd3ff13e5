// Package store is the contract between Sluice's domain and what keeps its data.
//
// What it does: it names the records (plain values without behaviour), the narrow interfaces over them, one per
// concern, and the sentinel errors. A backend hands them out inside a transaction:
//
//	err := st.Update(ctx, func(tx store.Tx) error {
//		u, err := tx.Users.Get(pool, sub)
//		…
//		u.Enabled = false
//		return tx.Users.Update(u)
//	})
//
// What it leaves to others: every rule about what a record may hold. Secrets arrive here sealed or hashed; a backend
// sees only bytes. Backends live in store/sqlite and store/postgres; store/storetest is the suite that each must pass.
//
// Source: the shapes follow what the cognito-idp, cognito-identity and IAM APIs keep.
package store
