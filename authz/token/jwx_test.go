package token

import (
	"context"
	"crypto"
	"crypto/rand"
	"fmt"
	"strings"
	"testing"

	"github.com/lestrrat-go/jwx/v2/jwa"
	jwxkeys "github.com/lestrrat-go/jwx/v2/jwk"
	"github.com/lestrrat-go/jwx/v2/jwt"
)

// variants returns good and bad tokens that derive from one token, by name.
func variants(t *testing.T, key, other *SigningKey) map[string]string {
	t.Helper()
	good := sign(t, key, claims(nil))
	parts := strings.Split(good, ".")
	header := func(h string) string { return signWith(t, h, claims(nil), key.Private, key.Algorithm) }
	all := map[string]string{
		"good":                     good,
		"expired":                  sign(t, key, claims(map[string]any{"exp": noon.Unix() - 1})),
		"expires at this second":   sign(t, key, claims(map[string]any{"exp": noon.Unix()})),
		"expires in a second":      sign(t, key, claims(map[string]any{"exp": noon.Unix() + 1})),
		"valid from this second":   sign(t, key, claims(map[string]any{"nbf": noon.Unix()})),
		"not valid yet":            sign(t, key, claims(map[string]any{"nbf": noon.Unix() + 60})),
		"issued later":             sign(t, key, claims(map[string]any{"iat": noon.Unix() + 60})),
		"another issuer":           sign(t, key, claims(map[string]any{"iss": "https://other.example.com"})),
		"an issuer with a slash":   sign(t, key, claims(map[string]any{"iss": poolURL + "/"})),
		"no issuer":                sign(t, key, claims(map[string]any{"iss": nil})),
		"exp is text":              sign(t, key, claims(map[string]any{"exp": "soon"})),
		"another kid":              header(`{"alg":"` + key.Algorithm + `","kid":"` + other.ID + `"}`),
		"no alg":                   header(`{"kid":"` + key.ID + `"}`),
		"alg none":                 header(`{"alg":"none","kid":"` + key.ID + `"}`),
		"alg HS256":                header(`{"alg":"HS256","kid":"` + key.ID + `"}`),
		"another payload":          parts[0] + "." + b64(claims(map[string]any{"sub": "other"})) + "." + parts[2],
		"another key's signature":  parts[0] + "." + parts[1] + "." + strings.Split(sign(t, other, claims(nil)), ".")[2],
		"a signature cut short":    good[:len(good)-4],
		"a signature grown":        good + "AAAA",
		"a signature of zeros":     parts[0] + "." + parts[1] + "." + strings.Repeat("A", len(parts[2])),
		"no signature":             parts[0] + "." + parts[1] + ".",
		"two parts":                parts[0] + "." + parts[1],
		"a payload that is a list": signWith(t, `{"alg":"`+key.Algorithm+`","kid":"`+key.ID+`"}`, []byte(`[]`), key.Private, key.Algorithm),
	}
	for _, alg := range Algorithms() {
		if alg != key.Algorithm {
			all["alg "+alg] = header(`{"alg":"` + alg + `","kid":"` + key.ID + `"}`)
		}
	}
	signature, _ := decodeStrict(parts[2])
	for _, bit := range []int{0, 8*len(signature) - 1, 4 * len(signature)} {
		signature[bit/8] ^= 1 << (bit % 8)
		all[fmt.Sprintf("bit %d of the signature flipped", bit)] = parts[0] + "." + parts[1] + "." + b64(signature)
		signature[bit/8] ^= 1 << (bit % 8)
	}
	return all
}

// The verifier accepts what jwx accepts, apart from the variants that looser names.
func TestTheVerifierAgreesWithJWX(t *testing.T) {
	for _, alg := range Algorithms() {
		if alg == "Ed25519" { // a name that jwx does not know
			continue
		}
		t.Run(alg, func(t *testing.T) {
			key, err := GenerateKey(rand.Reader, alg)
			if err != nil {
				t.Fatal(err)
			}
			other, err := GenerateKey(rand.Reader, alg)
			if err != nil {
				t.Fatal(err)
			}
			keys := &StaticKeys{}
			if err := keys.Set(key.Public()); err != nil {
				t.Fatal(err)
			}
			ours := verifier(t, Issuer{URL: poolURL, Keys: keys, Algorithms: []string{alg}, AnyClient: true})
			theirs := jwxVerifier(t, key.ID, alg, key.Private.Public())
			accepted := 0
			for name, raw := range variants(t, key, other) {
				_, mine := ours.Verify(context.Background(), raw)
				if mine == nil {
					accepted++
				}
				if jwx := theirs(raw); (mine == nil) != (jwx == nil) && !looser(name) {
					t.Errorf("%s: the verifier says %v, jwx says %v", name, mine, jwx)
				}
			}
			if accepted != 3 {
				t.Errorf("accepted %d tokens, want 3", accepted)
			}
		})
	}
}

// looser reports whether jwx accepts the variant and the verifier must not: jwx verifies with the key's algorithm and does
// not compare it with the header's (RFC 8725 section 3.1).
func looser(name string) bool { return name == "no alg" || strings.HasPrefix(name, "alg ") }

func jwxVerifier(t *testing.T, id, alg string, public crypto.PublicKey) func(raw string) error {
	t.Helper()
	key, err := jwxkeys.FromRaw(public)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]any{jwxkeys.KeyIDKey: id, jwxkeys.AlgorithmKey: jwa.SignatureAlgorithm(alg)} {
		if err := key.Set(name, value); err != nil {
			t.Fatal(err)
		}
	}
	set := jwxkeys.NewSet()
	if err := set.AddKey(key); err != nil {
		t.Fatal(err)
	}
	return func(raw string) error {
		_, err := jwt.Parse([]byte(raw), jwt.WithKeySet(set), jwt.WithIssuer(poolURL), jwt.WithClock(jwt.ClockFunc(clock)))
		return err
	}
}
