package passwordhash_test

import (
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/userpool/passwordhash"
	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/bcrypt"
	"golang.org/x/crypto/scrypt"
)

const (
	password = "correct horse battery"
	salt     = "0123456789abcdef"
)

// hashes returns one hash of the password in each of Cognito's forms, made by other code.
func hashes(t testing.TB) map[string]string {
	t.Helper()
	b, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	s, err := scrypt.Key([]byte(password), []byte(salt), 16, 8, 1, 32)
	if err != nil {
		t.Fatal(err)
	}
	p, err := pbkdf2.Key(sha256.New, password, []byte(salt), 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	enc := base64.RawStdEncoding
	return map[string]string{
		passwordhash.BCRYPT: string(b),
		passwordhash.SCRYPT: fmt.Sprintf("16$8$1$%x$%x", salt, s),
		passwordhash.ARGON2ID: fmt.Sprintf("$argon2id$v=19$m=32,t=2,p=1$%s$%s", enc.EncodeToString([]byte(salt)),
			enc.EncodeToString(argon2.IDKey([]byte(password), []byte(salt), 2, 32, 1, 32))),
		passwordhash.PBKDF2_SHA256: fmt.Sprintf("$pbkdf2-sha256$10$%s$%s", enc.EncodeToString([]byte(salt)), enc.EncodeToString(p)),
	}
}

func TestAHashMatchesItsPasswordOnly(t *testing.T) {
	for algorithm, text := range hashes(t) {
		h, err := passwordhash.Parse(algorithm, text)
		if err != nil {
			t.Fatal(algorithm, err)
		}
		guessed, err := passwordhash.Guess(text)
		if err != nil || guessed.Text() != h.Text() {
			t.Error(algorithm, "the guess differs:", err)
		}
		again, err := passwordhash.Stored(h.Text())
		if err != nil || again.Text() != h.Text() || !passwordhash.IsStored(h.Text()) {
			t.Fatal(algorithm, err)
		}
		for _, h := range []*passwordhash.Hash{h, again} {
			if !h.Matches(password) || h.Matches(password+"x") || h.Matches("") {
				t.Error(algorithm, "compares wrongly")
			}
		}
		for other := range hashes(t) {
			if _, err := passwordhash.Parse(other, text); (err == nil) != (other == algorithm) {
				t.Errorf("%s takes a hash of %s: %v", other, algorithm, err)
			}
		}
	}
}

func TestTheStoredFormDoesNotHoldTheHash(t *testing.T) {
	for algorithm, text := range hashes(t) {
		h, err := passwordhash.Parse(algorithm, text)
		if err != nil {
			t.Fatal(err)
		}
		key := text[strings.LastIndex(text, "$")+1:]
		shown := fmt.Sprintf("%v %+v %#v %s", h, h, h, h)
		if strings.Contains(h.Text(), key[len(key)-20:]) || strings.Contains(shown, key[len(key)-20:]) || strings.Contains(shown, h.Text()) {
			t.Error(algorithm, "shows the hash")
		}
	}
}

func TestCostsAboveTheBoundsAreRefused(t *testing.T) {
	salt64, key64 := base64.RawStdEncoding.EncodeToString([]byte(salt)), base64.RawStdEncoding.EncodeToString(make([]byte, 32))
	hexes := hex.EncodeToString([]byte(salt)) + "$" + hex.EncodeToString(make([]byte, 32))
	for text, algorithm := range map[string]string{
		"$2b$13$" + strings.Repeat("a", 53):                      passwordhash.BCRYPT,
		"131072$8$1$" + hexes:                                    passwordhash.SCRYPT,
		"65536$9$1$" + hexes:                                     passwordhash.SCRYPT,
		"65536$8$2$" + hexes:                                     passwordhash.SCRYPT,
		"$argon2id$v=19$m=19457,t=1,p=1$" + salt64 + "$" + key64: passwordhash.ARGON2ID,
		"$argon2id$v=19$m=1024,t=3,p=1$" + salt64 + "$" + key64:  passwordhash.ARGON2ID,
		"$argon2id$v=19$m=1024,t=1,p=2$" + salt64 + "$" + key64:  passwordhash.ARGON2ID,
		"$pbkdf2-sha256$600001$" + salt64 + "$" + key64:          passwordhash.PBKDF2_SHA256,
	} {
		if _, err := passwordhash.Parse(algorithm, text); !errors.Is(err, passwordhash.ErrCost) {
			t.Errorf("%s: %v", text[:20], err)
		}
	}
	for _, text := range []string{"", "$", "x", "$2c$10$" + strings.Repeat("a", 53), "15$8$1$" + hexes, "16$8$1$zz$zz", "-16$8$1$" + hexes,
		"$argon2d$v=19$m=32,t=1,p=1$" + salt64 + "$" + key64, "$argon2id$v=16$m=32,t=1,p=1$" + salt64 + "$" + key64,
		"$pbkdf2-md5$1$" + salt64 + "$" + key64, "$pbkdf2-sha256$0$" + salt64 + "$" + key64, "$pbkdf2-sha256$1$" + salt64 + "$aaaa"} {
		if _, err := passwordhash.Guess(text); !errors.Is(err, passwordhash.ErrForm) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// The values are those of Firebase's own documentation of its scrypt.
func TestFirebasesExample(t *testing.T) {
	decode := func(s string) []byte {
		b, err := base64.StdEncoding.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	project := passwordhash.Firebase{
		SignerKey:     decode("jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA=="),
		SaltSeparator: decode("Bw=="), Rounds: 8, MemoryCost: 14,
	}
	h, err := project.Hash(decode("42xEC+ixf3L2lw=="), decode("lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ=="))
	if err != nil {
		t.Fatal(err)
	}
	if !h.Matches("user1password") || h.Matches("user2password") {
		t.Error("compares wrongly")
	}
}

func TestLongPasswordsOfBcryptCompareTheirFirst72Bytes(t *testing.T) {
	long := strings.Repeat("x", 72)
	b, err := bcrypt.GenerateFromPassword([]byte(long), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	h, err := passwordhash.Parse(passwordhash.BCRYPT, string(b))
	if err != nil || !h.Matches(long) || !h.Matches(long+"y") || h.Matches(long[1:]) {
		t.Error(err)
	}
}

// FuzzParse checks that what parses keeps the bounds and survives its stored form.
func FuzzParse(f *testing.F) {
	for _, text := range hashes(f) {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		h, err := passwordhash.Guess(text)
		if err != nil {
			h, err = passwordhash.Stored(text)
		}
		if err != nil {
			return
		}
		if h.Memory() > 64<<20 {
			t.Errorf("%d bytes of memory", h.Memory())
		}
		again, err := passwordhash.Stored(h.Text())
		if err != nil || again.Text() != h.Text() {
			t.Errorf("%q: %v", h.Text(), err)
		}
	})
}
