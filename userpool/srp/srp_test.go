package srp

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"math/big"
	"os"
	"strings"
	"testing"
	"time"
)

type vector struct {
	ID, Note, Kind, PoolName, Username, DeviceGroupKey, DeviceKey string
	PasswordUtf8Hex, Salt, X, Verifier                            string
	LowA                                                          string `json:"a"`
	UpA                                                           string `json:"A"`
	LowB                                                          string `json:"b"`
	UpB                                                           string `json:"B"`
	U                                                             string `json:"u"`
	S                                                             string `json:"S"`
	HkdfKey, SecretBlock, Timestamp, Signature                    string
	DeviceSecretVerifierConfig                                    struct{ PasswordVerifier, Salt string }
}

// UnmarshalJSON distinguishes a from A and b from B; encoding/json matches names without regard to case.
func (v *vector) UnmarshalJSON(data []byte) error {
	var exact map[string]json.RawMessage
	if err := json.Unmarshal(data, &exact); err != nil {
		return err
	}
	for name, to := range map[string]*string{
		"id": &v.ID, "note": &v.Note, "kind": &v.Kind, "poolName": &v.PoolName, "username": &v.Username,
		"deviceGroupKey": &v.DeviceGroupKey, "deviceKey": &v.DeviceKey, "passwordUtf8Hex": &v.PasswordUtf8Hex,
		"salt": &v.Salt, "x": &v.X, "verifier": &v.Verifier, "a": &v.LowA, "A": &v.UpA, "b": &v.LowB, "B": &v.UpB,
		"u": &v.U, "S": &v.S, "hkdfKey": &v.HkdfKey, "secretBlock": &v.SecretBlock, "timestamp": &v.Timestamp,
		"signature": &v.Signature,
	} {
		if raw, ok := exact[name]; ok {
			if err := json.Unmarshal(raw, to); err != nil {
				return err
			}
		}
	}
	if raw, ok := exact["deviceSecretVerifierConfig"]; ok {
		return json.Unmarshal(raw, &v.DeviceSecretVerifierConfig)
	}
	return nil
}

func (v *vector) name() Name {
	if v.Kind == "device" {
		return Name{Pool: v.DeviceGroupKey, User: v.DeviceKey}
	}
	return Name{Pool: v.PoolName, User: v.Username}
}

func vectors(t testing.TB) []vector {
	t.Helper()
	data, err := os.ReadFile("testdata/srp-vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		N, K    string
		Vectors []vector
	}
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Vectors) != 22 {
		t.Fatalf("%d vectors, want 22", len(file.Vectors))
	}
	if file.N != groupN.Text(16) || file.K != groupK.Text(16) {
		t.Fatal("the group is not the vectors'")
	}
	return file.Vectors
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	if len(s)%2 == 1 {
		s = "0" + s
	}
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestEveryValueOfEveryVectorIsReproduced(t *testing.T) {
	for _, v := range vectors(t) {
		t.Run(v.ID+" "+v.Note, func(t *testing.T) {
			password, salt := string(unhex(t, v.PasswordUtf8Hex)), unhex(t, v.Salt)
			if got := SaltHex(salt); got != v.Salt {
				t.Errorf("salt on the wire %s, want %s", got, v.Salt)
			}
			if got := privateX(v.name(), password, salt).Text(16); got != v.X {
				t.Errorf("x = %s, want %s", got, v.X)
			}
			verifier := Verifier(v.name(), password, salt)
			if got := new(big.Int).SetBytes(verifier).Text(16); got != v.Verifier {
				t.Errorf("v = %s, want %s", got, v.Verifier)
			}
			x, srpB, err := begin(mustHex(v.LowB), verifier, v.UpA)
			if err != nil {
				t.Fatal(err)
			}
			if srpB != v.UpB {
				t.Errorf("B = %s, want %s", srpB, v.UpB)
			}
			if got := x.u.Text(16); got != v.U {
				t.Errorf("u = %s, want %s", got, v.U)
			}
			if got := x.premaster(verifier).Text(16); got != v.S {
				t.Errorf("S = %s, want %s", got, v.S)
			}
			key := x.Key(verifier)
			if got := hex.EncodeToString(key); got != v.HkdfKey {
				t.Errorf("key = %s, want %s", got, v.HkdfKey)
			}
			block, err := base64.StdEncoding.DecodeString(v.SecretBlock)
			if err != nil {
				t.Fatal(err)
			}
			if got := Signature(key, v.name(), block, v.Timestamp); got != v.Signature {
				t.Errorf("signature = %s, want %s", got, v.Signature)
			}
			if !Check(key, v.name(), block, v.Timestamp, v.Signature) {
				t.Error("the vector's signature is refused")
			}
			if v.Kind == "device" {
				config := v.DeviceSecretVerifierConfig
				if got := base64.StdEncoding.EncodeToString(pad(new(big.Int).SetBytes(verifier))); got != config.PasswordVerifier {
					t.Errorf("PasswordVerifier = %s, want %s", got, config.PasswordVerifier)
				}
				if got := base64.StdEncoding.EncodeToString(pad(new(big.Int).SetBytes(salt))); got != config.Salt {
					t.Errorf("Salt = %s, want %s", got, config.Salt)
				}
			}
			parsed, err := ParseTimestamp(v.Timestamp)
			if err != nil || FormatTimestamp(parsed) != v.Timestamp {
				t.Errorf("timestamp %q came back as %q, %v", v.Timestamp, FormatTimestamp(parsed), err)
			}
		})
	}
}

func TestAnExchangeSurvivesMarshalling(t *testing.T) {
	v := vectors(t)[0]
	verifier := unhex(t, v.Verifier)
	x, _, err := Begin(rand.Reader, verifier, v.UpA)
	if err != nil {
		t.Fatal(err)
	}
	data, err := x.MarshalBinary()
	if err != nil || len(data) != ExchangeSize {
		t.Fatal(len(data), err)
	}
	var y Exchange
	if err := y.UnmarshalBinary(data); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(x.Key(verifier), y.Key(verifier)) {
		t.Error("the key changed")
	}
	if err := y.UnmarshalBinary(data[1:]); err == nil {
		t.Error("a short exchange was read")
	}
}

func TestPublicAThatRevealsTheKeyIsRefused(t *testing.T) {
	v := vectors(t)[0]
	n := groupN
	for name, a := range map[string]string{
		"zero":                      "0",
		"zero with leading zeros":   "0000000000",
		"N":                         n.Text(16),
		"N in capitals":             strings.ToUpper(n.Text(16)),
		"twice N":                   new(big.Int).Lsh(n, 1).Text(16),
		"nothing":                   "",
		"not hexadecimal":           "xyz",
		"a sign":                    "-" + v.UpA,
		"underscores":               "ab_cd",
		"longer than the group":     strings.Repeat("f", 2*GroupSize+1),
		"far longer than the group": strings.Repeat("f", 1<<20),
	} {
		t.Run(name, func(t *testing.T) {
			if _, _, err := Begin(rand.Reader, unhex(t, v.Verifier), a); !errors.Is(err, ErrPublicA) {
				t.Errorf("error %v, want ErrPublicA", err)
			}
		})
	}
}

func TestEachExchangeHasItsOwnB(t *testing.T) {
	v := vectors(t)[0]
	_, one, err := Begin(rand.Reader, unhex(t, v.Verifier), v.UpA)
	if err != nil {
		t.Fatal(err)
	}
	_, two, err := Begin(rand.Reader, unhex(t, v.Verifier), v.UpA)
	if err != nil {
		t.Fatal(err)
	}
	if one == two {
		t.Error("two exchanges share B")
	}
}

func TestASignatureOverAnythingElseIsRefused(t *testing.T) {
	v := vectors(t)[0]
	key, n := unhex(t, v.HkdfKey), v.name()
	block, err := base64.StdEncoding.DecodeString(v.SecretBlock)
	if err != nil {
		t.Fatal(err)
	}
	other := append(bytes.Clone(block[:len(block)-1]), block[len(block)-1]^1)
	for name, ok := range map[string]bool{
		"another key":       Check(append([]byte{key[0] ^ 1}, key[1:]...), n, block, v.Timestamp, v.Signature),
		"another user":      Check(key, Name{n.Pool, "mallory"}, block, v.Timestamp, v.Signature),
		"another pool":      Check(key, Name{"Other1234", n.User}, block, v.Timestamp, v.Signature),
		"another block":     Check(key, n, other, v.Timestamp, v.Signature),
		"another time":      Check(key, n, block, "Thu Aug 6 09:05:04 UTC 2026", v.Signature),
		"no signature":      Check(key, n, block, v.Timestamp, ""),
		"not Base64":        Check(key, n, block, v.Timestamp, "***"),
		"a short signature": Check(key, n, block, v.Timestamp, v.Signature[:40]),
	} {
		if ok {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestTimestampsAreReadLenientlyAndRenderedExactly(t *testing.T) {
	for name, tc := range map[string]struct {
		in, rendered string
		fails        bool
	}{
		"as clients write it":                  {in: "Thu Aug 6 09:05:03 UTC 2026", rendered: "Thu Aug 6 09:05:03 UTC 2026"},
		"a two-digit day":                      {in: "Sat Nov 21 23:59:59 UTC 2026", rendered: "Sat Nov 21 23:59:59 UTC 2026"},
		"a padded day is rendered unpadded":    {in: "Thu Aug 06 09:05:03 UTC 2026", rendered: "Thu Aug 6 09:05:03 UTC 2026"},
		"a wrong weekday is rendered right":    {in: "Fri Aug 6 09:05:03 UTC 2026", rendered: "Thu Aug 6 09:05:03 UTC 2026"},
		"GMT is the same instant":              {in: "Thu Aug 6 09:05:03 GMT 2026", rendered: "Thu Aug 6 09:05:03 UTC 2026"},
		"RFC 3339 does not parse":              {in: "2026-08-06T09:05:03Z", fails: true},
		"another language does not parse":      {in: "Do Aug 6 09:05:03 UTC 2026", fails: true},
		"a nonexistent day does not parse":     {in: "Thu Feb 30 09:05:03 UTC 2026", fails: true},
		"empty text does not parse":            {in: "", fails: true},
		"a very long text does not parse":      {in: strings.Repeat("Thu ", 1000), fails: true},
		"another zone's name does not parse":   {in: "Thu Aug 6 09:05:03 CEST 2026", fails: true},
		"seven fields are not six":             {in: "Thu Aug 6 09:05:03 AM UTC 2026", fails: true},
		"text after the year makes it unusual": {in: "Thu Aug 6 09:05:03 UTC 2026x", fails: true},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ParseTimestamp(tc.in)
			if tc.fails {
				if !errors.Is(err, ErrTimestamp) {
					t.Errorf("%v, %v", got, err)
				}
				return
			}
			if err != nil || FormatTimestamp(got) != tc.rendered {
				t.Errorf("%q, %v; want %q", FormatTimestamp(got), err, tc.rendered)
			}
		})
	}
	if got := FormatTimestamp(time.Date(2026, 8, 6, 11, 5, 3, 0, time.FixedZone("CEST", 7200))); got != "Thu Aug 6 09:05:03 UTC 2026" {
		t.Errorf("not UTC: %q", got)
	}
}

func TestSaltsHaveOneLength(t *testing.T) {
	zeroFirst := bytes.NewReader(append(make([]byte, SaltSize), bytes.Repeat([]byte{7}, SaltSize)...))
	salt, err := NewSalt(zeroFirst)
	if err != nil || salt[0] != 7 {
		t.Error(salt, err)
	}
	if _, err := NewSalt(bytes.NewReader(nil)); err == nil {
		t.Error("no error without randomness")
	}
}

func FuzzBegin(f *testing.F) {
	v := vectors(f)[0]
	verifier := unhex(f, v.Verifier)
	for _, seed := range []string{v.UpA, "0", "", "-1", groupN.Text(16), strings.Repeat("f", 768)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, a string) {
		x, srpB, err := begin(big.NewInt(3), verifier, a)
		if err != nil {
			return
		}
		if new(big.Int).Mod(x.a, groupN).Sign() == 0 || srpB == "" {
			t.Fatal("a multiple of N was accepted")
		}
		data, err := x.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		var y Exchange
		if err := y.UnmarshalBinary(data); err != nil || y.a.Cmp(x.a) != 0 || y.u.Cmp(x.u) != 0 {
			t.Fatal("round trip")
		}
	})
}

func FuzzParseTimestamp(f *testing.F) {
	f.Add("Thu Aug 6 09:05:03 UTC 2026")
	f.Add("Fri Aug 06 09:05:03 GMT 0001")
	f.Fuzz(func(t *testing.T, s string) {
		at, err := ParseTimestamp(s)
		if err != nil {
			return
		}
		again, err := ParseTimestamp(FormatTimestamp(at))
		if err != nil || !again.Equal(at) {
			t.Fatalf("%q: rendering %q is another instant: %v", s, FormatTimestamp(at), err)
		}
	})
}

// BenchmarkBare measures the exponentiations that every exchange needs: g^b, v^u and (A·v^u)^b.
func BenchmarkBare(b *testing.B) {
	v := vectors(b)[0]
	secret, ver, a, u := mustHex(v.LowB), mustHex(v.Verifier), mustHex(v.UpA), mustHex(v.U)
	for b.Loop() {
		new(big.Int).Exp(groupG, secret, groupN)
		s := new(big.Int).Exp(ver, u, groupN)
		s.Mul(s, a).Mod(s, groupN)
		s.Exp(s, secret, groupN)
	}
}

func BenchmarkExchange(b *testing.B) {
	v := vectors(b)[0]
	verifier, n := unhex(b, v.Verifier), v.name()
	block := make([]byte, 600)
	for b.Loop() {
		x, _, err := Begin(rand.Reader, verifier, v.UpA)
		if err != nil {
			b.Fatal(err)
		}
		if Check(x.Key(verifier), n, block, v.Timestamp, v.Signature) {
			b.Fatal("accepted")
		}
	}
}
