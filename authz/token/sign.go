package token

import (
	"crypto/rsa"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
)

// SigningKey signs tokens. It shows nothing of itself in logs; Private must not be changed.
type SigningKey struct {
	ID        string // kid
	Algorithm string // RS256, or RS512 for the identity pools' OpenID tokens
	Private   *rsa.PrivateKey
}

// GenerateKey makes a 2048-bit RSA key for alg (RS256, RS384 or RS512). Its id is 32 random bytes in standard base64,
// as the ids in Cognito's key sets look.
func GenerateKey(rand io.Reader, alg string) (*SigningKey, error) {
	if err := signable(alg); err != nil {
		return nil, err
	}
	private, err := rsa.GenerateKey(rand, 2048)
	if err != nil {
		return nil, fmt.Errorf("token: generating a key: %w", err)
	}
	var id [32]byte
	if _, err := io.ReadFull(rand, id[:]); err != nil {
		return nil, fmt.Errorf("token: generating a key id: %w", err)
	}
	return &SigningKey{ID: base64.StdEncoding.EncodeToString(id[:]), Algorithm: alg, Private: private}, nil
}

// ParsePrivate reads what MarshalPrivate wrote.
func ParsePrivate(id, alg string, der []byte) (*SigningKey, error) {
	if err := signable(alg); err != nil {
		return nil, err
	}
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, errors.New("token: the private key is not PKCS #8") // the cause could quote key material
	}
	private, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return nil, errors.New("token: the private key is not RSA")
	}
	key := &SigningKey{ID: id, Algorithm: alg, Private: private}
	public := key.Public()
	return key, public.Check()
}

// MarshalPrivate gives the key in PKCS #8. The bytes are secret: seal them before they are stored.
func (k *SigningKey) MarshalPrivate() ([]byte, error) {
	return x509.MarshalPKCS8PrivateKey(k.Private)
}

// Public returns the verification half.
func (k *SigningKey) Public() PublicKey {
	return PublicKey{ID: k.ID, Algorithm: k.Algorithm, Key: &k.Private.PublicKey}
}

// Sign makes a token in compact form. claims is a JSON object, taken byte for byte; typ is left out of the header when
// empty, as Cognito's tokens have none. The header's members stand in Cognito's order: kid, alg.
func (k *SigningKey) Sign(claims []byte, typ string) (string, error) {
	header, err := json.Marshal(struct {
		KeyID     string `json:"kid"`
		Algorithm string `json:"alg"`
		Type      string `json:"typ,omitempty"`
	}{k.ID, k.Algorithm, typ})
	if err != nil {
		return "", fmt.Errorf("token: header: %w", err)
	}
	if !json.Valid(claims) || claims[0] != '{' {
		return "", errors.New("token: the claims are not a JSON object")
	}
	encoding := base64.RawURLEncoding
	out := make([]byte, 0, encoding.EncodedLen(len(header))+encoding.EncodedLen(len(claims))+encoding.EncodedLen(k.Private.Size())+2)
	out = encoding.AppendEncode(out, header)
	out = append(out, '.')
	out = encoding.AppendEncode(out, claims)
	a := algorithmNamed(k.Algorithm)
	var sum [sha512.Size]byte
	signature, err := rsa.SignPKCS1v15(nil, k.Private, a.hash, a.digest(&sum, out))
	if err != nil {
		return "", fmt.Errorf("token: signing: %w", err)
	}
	out = append(out, '.')
	return string(encoding.AppendEncode(out, signature)), nil
}

// String shows the id only.
func (k *SigningKey) String() string { return "signing key " + k.ID }

// GoString shows the id only.
func (k *SigningKey) GoString() string { return k.String() }

// LogValue shows the id only.
func (k *SigningKey) LogValue() slog.Value { return slog.StringValue(k.String()) }

// MarshalJSON refuses: a key leaves only through MarshalPrivate.
func (k *SigningKey) MarshalJSON() ([]byte, error) {
	return nil, errors.New("token: a signing key has no JSON")
}

func signable(alg string) error {
	if a := algorithmNamed(alg); a == nil || a.family != rsaPKCS1 {
		return fmt.Errorf("token: keys are made for RS256, RS384 and RS512, not for %q", alg)
	}
	return nil
}
