package token

import (
	"fmt"
	"testing"
)

// A key without alg can verify every RSA algorithm. The issuer's list, not the token, must select the algorithm.
func TestTheIssuersListSelectsTheAlgorithm(t *testing.T) {
	keys := &StaticKeys{}
	if err := keys.Set(PublicKey{ID: "k", Key: testKey().Private.Public()}); err != nil {
		t.Fatal(err)
	}
	for _, listed := range []string{"RS256", "RS512", "PS256"} {
		for _, used := range []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"} {
			issuer := pool(t)
			issuer.Keys, issuer.Algorithms = keys, []string{listed}
			raw := signWith(t, fmt.Sprintf(`{"alg":%q,"kid":"k"}`, used), claims(nil), testKey().Private, used)
			_, err := verifier(t, issuer).Verify(t.Context(), raw)
			if want := map[bool]Reason{true: "", false: Algorithm}[listed == used]; reasonOf(t, err) != want {
				t.Errorf("%s where %s is listed: %v, want %q", used, listed, err, want)
			}
		}
	}
}
