package token

import (
	"crypto"
	"crypto/fips140"
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha256"
	_ "crypto/sha512"
	"encoding/hex"
	"encoding/json"
	"io/fs"
	"math/big"
	"slices"
	"sync"
	"testing"

	"github.com/c2sp/wycheproof"
)

// prepared returns the prepared key of a key set, in FIPS 140-3 mode too.
func prepared(t testing.TB, key *rsa.PublicKey) *preparedRSA {
	t.Helper()
	public := PublicKey{ID: "k", Key: key}
	if err := public.Check(); err != nil {
		t.Fatal(err)
	}
	return prepareRSA(key)
}

var rsaHashes = map[string]crypto.Hash{"SHA-256": crypto.SHA256, "SHA-384": crypto.SHA384, "SHA-512": crypto.SHA512}

// All Wycheproof vectors for the hashes of RS256, RS384 and RS512, at every key size. crypto/rsa must agree.
func TestWycheproofRSASignatures(t *testing.T) {
	t.Parallel()
	files, err := fs.Glob(wycheproof.TestVectors, "rsa_signature_*_sha[235][581]*_test.json")
	if err != nil {
		t.Fatal(err)
	}
	tested := 0
	for _, file := range files {
		data, err := fs.ReadFile(wycheproof.TestVectors, file)
		if err != nil {
			t.Fatal(err)
		}
		var vectors struct {
			TestGroups []struct {
				SHA       string
				PublicKey struct{ Modulus, PublicExponent string }
				Tests     []struct {
					ID       int `json:"tcId"`
					Comment  string
					Msg, Sig string
					Result   string
				}
			}
		}
		if err := json.Unmarshal(data, &vectors); err != nil {
			t.Fatal(err)
		}
		for _, group := range vectors.TestGroups {
			hash, ok := rsaHashes[group.SHA]
			if !ok {
				continue // SHA-512/256 and others that JWS does not define
			}
			modulus, exponent := new(big.Int).SetBytes(unhex(t, group.PublicKey.Modulus)), new(big.Int).SetBytes(unhex(t, group.PublicKey.PublicExponent))
			key := &rsa.PublicKey{N: modulus, E: int(exponent.Int64())}
			ours, n := prepared(t, key), new(numbers)
			for _, v := range group.Tests {
				digest, signature := digestOf(hash, unhex(t, v.Msg)), unhex(t, v.Sig)
				got := ours.verify(n, hash, digest, signature)
				// "acceptable" vectors have padding that is not DER, which RFC 8017 does not allow.
				if want := v.Result == "valid"; got != want {
					t.Errorf("%s %d (%s): accepted %v, the vector is %s", file, v.ID, v.Comment, got, v.Result)
				}
				if std := rsa.VerifyPKCS1v15(key, hash, digest, signature) == nil; got != std {
					t.Errorf("%s %d (%s): accepted %v, crypto/rsa says %v", file, v.ID, v.Comment, got, std)
				}
				tested++
			}
		}
	}
	if tested < 2000 {
		t.Errorf("only %d vectors were found", tested)
	}
	t.Logf("%d vectors", tested)
}

func unhex(t testing.TB, text string) []byte {
	t.Helper()
	data, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func digestOf(hash crypto.Hash, message []byte) []byte {
	h := hash.New()
	h.Write(message)
	return h.Sum(nil)
}

// rsaKeys returns keys whose size is a multiple of eight bits, and others.
var rsaKeys = sync.OnceValue(func() (keys []*rsa.PrivateKey) {
	for _, bits := range []int{2048, 2049, 2055, 3072} {
		key, err := rsa.GenerateKey(rand.Reader, bits)
		if err != nil {
			panic(err)
		}
		keys = append(keys, key)
	}
	return keys
})

func TestPreparedKeysAgreeWithCryptoRSA(t *testing.T) {
	for _, private := range rsaKeys() {
		key := &private.PublicKey
		for _, hash := range rsaHashes {
			digest := digestOf(hash, []byte("message"))
			good, err := rsa.SignPKCS1v15(nil, private, hash, digest)
			if err != nil {
				t.Fatal(err)
			}
			other, _ := rsa.SignPKCS1v15(nil, private, hash, digestOf(hash, []byte("other")))
			bare, _ := rsa.SignPKCS1v15(nil, private, 0, digest)
			shifted := new(big.Int).Add(new(big.Int).SetBytes(good), key.N) // the same number modulo n
			for name, tc := range map[string]struct {
				signature []byte
				want      bool
			}{
				"the right signature":          {good, true},
				"another message's":            {other, false},
				"one without DigestInfo":       {bare, false},
				"a zero byte in front":         {slices.Concat([]byte{0}, good), false},
				"a zero byte behind":           {slices.Concat(good, []byte{0}), false},
				"the first byte missing":       {good[1:], false},
				"the last byte missing":        {good[:len(good)-1], false},
				"nothing":                      {nil, false},
				"zero":                         {make([]byte, len(good)), false},
				"one":                          {append(make([]byte, len(good)-1), 1), false},
				"the modulus":                  {key.N.Bytes(), false},
				"the modulus less one":         {new(big.Int).Sub(key.N, big.NewInt(1)).Bytes(), false},
				"all bits set":                 {slices.Repeat([]byte{0xff}, len(good)), false},
				"the signature plus modulus":   {shifted.Bytes(), false},
				"its negative":                 {new(big.Int).Sub(key.N, new(big.Int).SetBytes(good)).FillBytes(make([]byte, len(good))), false},
				"a signature of another key's": {mustSign(t, rsaKeys()[0], hash, digest), private == rsaKeys()[0]},
			} {
				got := prepared(t, key).verify(new(numbers), hash, digest, tc.signature)
				if got != tc.want {
					t.Errorf("%d bits, %s, %s: %v", key.N.BitLen(), hash, name, got)
				}
				if std := rsa.VerifyPKCS1v15(key, hash, digest, tc.signature) == nil; std != got {
					t.Errorf("%d bits, %s, %s: crypto/rsa says %v", key.N.BitLen(), hash, name, std)
				}
			}
		}
	}
}

func mustSign(t testing.TB, key *rsa.PrivateKey, hash crypto.Hash, digest []byte) []byte {
	t.Helper()
	signature, err := rsa.SignPKCS1v15(nil, key, hash, digest)
	if err != nil {
		t.Fatal(err)
	}
	return signature
}

func TestReusedNumbersDoNotAffectTheResult(t *testing.T) {
	n, hash := new(numbers), crypto.SHA256 // reused for keys of all sizes, as in a verifier
	digest := digestOf(hash, []byte("message"))
	for range 2 {
		for _, private := range rsaKeys() {
			key := prepared(t, &private.PublicKey)
			if !key.verify(n, hash, digest, mustSign(t, private, hash, digest)) {
				t.Errorf("%d bits: a good signature was refused", private.N.BitLen())
			}
			if key.verify(n, hash, digestOf(hash, []byte("other")), mustSign(t, private, hash, digest)) {
				t.Errorf("%d bits: a bad signature was accepted", private.N.BitLen())
			}
		}
	}
}

func TestAPreparationIsUsedForItsOwnKeyOnly(t *testing.T) {
	key := testKey().Public()
	key.prepared = prepareRSA(&testRSA().PublicKey)
	key.Key = otherKey().Public().Key
	if key.prepared.matches(key.Key.(*rsa.PublicKey)) {
		t.Error("a replaced key is verified with the old preparation")
	}
	hash := crypto.SHA1
	if encodePKCS1(make([]byte, 256), hash, make([]byte, hash.Size())) || encodePKCS1(make([]byte, 256), crypto.SHA256, make([]byte, 20)) ||
		encodePKCS1(make([]byte, 61), crypto.SHA256, make([]byte, 32)) {
		t.Error("encodePKCS1 accepted an unknown hash, a wrong length, or a key that is too short")
	}
}

func TestKeySetsPrepareTheirKeysUnlessFIPSForbidsIt(t *testing.T) {
	want := !fips140.Enabled()
	public := testKey().Public()
	document, err := MarshalJWKS(public)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := ParseJWKS(document, 1)
	if err != nil || (parsed.Keys[0].prepared != nil) != want {
		t.Errorf("a key of a JWKS: %v", err)
	}
	var keys StaticKeys
	if err := keys.Set(public); err != nil {
		t.Fatal(err)
	}
	if key, err := keys.Lookup(t.Context(), public.ID); err != nil || (key.prepared != nil) != want {
		t.Errorf("a key of StaticKeys: %v", err)
	}
}

// FuzzRSA checks that crypto/rsa agrees about every signature.
func FuzzRSA(f *testing.F) {
	digest := digestOf(crypto.SHA256, []byte("message"))
	for i, private := range rsaKeys() {
		good := mustSign(f, private, crypto.SHA256, digest)
		f.Add(uint8(i), good, []byte("message"), -1, uint8(0))
		f.Add(uint8(i), good, []byte("message"), len(good)-1, uint8(1))
		f.Add(uint8(i), private.N.Bytes(), []byte("message"), 0, uint8(0x80))
	}
	f.Add(uint8(0), []byte{}, []byte{}, 0, uint8(0))
	f.Fuzz(func(t *testing.T, which uint8, signature, message []byte, at int, flip uint8) {
		private := rsaKeys()[int(which)%len(rsaKeys())]
		digest := digestOf(crypto.SHA256, message)
		if flip == 0 { // keys differ from run to run: a good signature has to be made here
			signature = mustSign(t, private, crypto.SHA256, digest)
		}
		if at >= 0 && at < len(signature) {
			signature = slices.Clone(signature)
			signature[at] ^= flip
		}
		got := prepared(t, &private.PublicKey).verify(new(numbers), crypto.SHA256, digest, signature)
		if want := rsa.VerifyPKCS1v15(&private.PublicKey, crypto.SHA256, digest, signature) == nil; got != want {
			t.Errorf("%v, crypto/rsa says %v: %x over %x", got, want, signature, message)
		}
	})
}
