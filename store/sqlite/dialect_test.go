package sqlite

import "testing"

func TestConstraintsHaveTheNamesOfPostgreSQL(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text    string
		primary bool
		want    string
	}{
		{"constraint failed: UNIQUE constraint failed: pools.id (1555)", true, "pools_pkey"},
		{"constraint failed: UNIQUE constraint failed: users.pool_id, users.sub (1555)", true, "users_pkey"},
		{"UNIQUE constraint failed: users.pool_id, users.name_key (2067)", false, "users_pool_id_name_key_key"},
		{"UNIQUE constraint failed: refresh_tokens.hash", false, "refresh_tokens_hash_key"},
	} {
		if got := constraint(c.text, c.primary); got != c.want {
			t.Errorf("%q: %q, want %q", c.text, got, c.want)
		}
	}
}
