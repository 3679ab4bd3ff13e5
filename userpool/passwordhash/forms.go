package passwordhash

import (
	"encoding/base64"
	"encoding/hex"
	"strconv"
	"strings"
)

// The algorithms of Cognito's imports, as PasswordHashingAlgorithm names them.
const (
	BCRYPT        = "BCRYPT"
	SCRYPT        = "SCRYPT"
	ARGON2ID      = "ARGON2ID"
	PBKDF2_SHA256 = "PBKDF2_SHA256" //nolint:revive,staticcheck // the API's own name
)

// maxText bounds the text of a hash in Cognito's forms.
const maxText = 4096

// Parse parses a hash in the form that Cognito's imports use for the algorithm. The error is ErrForm or ErrCost.
func Parse(algorithm, text string) (*Hash, error) {
	if len(text) > maxText {
		return nil, ErrForm
	}
	switch algorithm {
	case BCRYPT:
		return parseBcrypt(text)
	case SCRYPT:
		return parseScrypt(text)
	case ARGON2ID:
		h, err := parseArgon2(text)
		if err == nil && (h.kind != argon2idKind || h.costs[1] > 2) {
			return nil, ErrCost
		}
		return h, err
	case PBKDF2_SHA256:
		return parsePBKDF2(text)
	}
	return nil, ErrForm
}

// Guess parses a hash whose algorithm its form tells: one of Cognito's four, or another variant of Argon2 or PBKDF2 in a PHC
// string.
func Guess(text string) (*Hash, error) {
	switch {
	case len(text) > maxText:
		return nil, ErrForm
	case strings.HasPrefix(text, "$2"):
		return parseBcrypt(text)
	case strings.HasPrefix(text, "$argon2"):
		return parseArgon2(text)
	case strings.HasPrefix(text, "$pbkdf2"):
		return parsePBKDF2(text)
	}
	return parseScrypt(text)
}

// bcryptEncoding is the base64 of bcrypt.
var bcryptEncoding = base64.NewEncoding("./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789").WithPadding(base64.NoPadding)

// parseBcrypt parses $2b$<cost>$<salt and hash>.
func parseBcrypt(text string) (*Hash, error) {
	f := strings.Split(text, "$")
	if len(f) != 4 || f[0] != "" || len(f[1]) != 2 || f[1][0] != '2' || !strings.Contains("abxy", f[1][1:]) || len(f[2]) != 2 || len(f[3]) != 53 {
		return nil, ErrForm
	}
	cost, err := strconv.ParseUint(f[2], 10, 8)
	if err != nil {
		return nil, ErrForm
	}
	salt, err1 := bcryptEncoding.DecodeString(f[3][:22])
	key, err2 := bcryptEncoding.DecodeString(f[3][22:])
	if err1 != nil || err2 != nil {
		return nil, ErrForm
	}
	return newHash(bcryptKind, [3]int{int(cost)}, salt, key)
}

// parseScrypt parses N$r$p$<salt>$<hash>, salt and hash in hexadecimal.
func parseScrypt(text string) (*Hash, error) {
	f := strings.Split(text, "$")
	if len(f) != 5 {
		return nil, ErrForm
	}
	var costs [3]int
	for i := range costs {
		var ok bool
		if costs[i], ok = number(f[i]); !ok {
			return nil, ErrForm
		}
	}
	salt, err1 := hex.DecodeString(f[3])
	key, err2 := hex.DecodeString(f[4])
	if err1 != nil || err2 != nil {
		return nil, ErrForm
	}
	return newHash(scryptKind, costs, salt, key)
}

// parseArgon2 parses $argon2id$v=19$m=…,t=…,p=…$<salt>$<hash>.
func parseArgon2(text string) (*Hash, error) {
	f := strings.Split(text, "$")
	if len(f) != 6 || f[0] != "" || f[2] != "v=19" || f[1] != string(argon2idKind) && f[1] != string(argon2iKind) {
		return nil, ErrForm
	}
	parameters := strings.Split(f[3], ",")
	if len(parameters) != 3 {
		return nil, ErrForm
	}
	var costs [3]int
	for i, name := range []string{"m=", "t=", "p="} {
		value, named := strings.CutPrefix(parameters[i], name)
		n, ok := number(value)
		if !named || !ok {
			return nil, ErrForm
		}
		costs[i] = n
	}
	salt, ok1 := decode64(f[4])
	key, ok2 := decode64(f[5])
	if !ok1 || !ok2 {
		return nil, ErrForm
	}
	return newHash(kind(f[1]), costs, salt, key)
}

// parsePBKDF2 parses $pbkdf2-sha256$<iterations>$<salt>$<hash>. The iterations may be written i=….
func parsePBKDF2(text string) (*Hash, error) {
	f := strings.Split(text, "$")
	if len(f) != 5 || f[0] != "" || kind(f[1]).digest() == nil {
		return nil, ErrForm
	}
	iterations, ok := number(strings.TrimPrefix(f[2], "i="))
	salt, ok1 := decode64(f[3])
	key, ok2 := decode64(f[4])
	if !ok || !ok1 || !ok2 {
		return nil, ErrForm
	}
	return newHash(kind(f[1]), [3]int{iterations}, salt, key)
}

// decode64 decodes base64 with or without padding, and its variant with "." in the place of "+", which PBKDF2's forms use.
func decode64(text string) ([]byte, bool) {
	b, err := base64.RawStdEncoding.Strict().DecodeString(strings.TrimRight(strings.ReplaceAll(text, ".", "+"), "="))
	return b, err == nil
}
