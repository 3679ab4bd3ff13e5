package token

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"github.com/lestrrat-go/jwx/v2/jwa"
	jwxsign "github.com/lestrrat-go/jwx/v2/jws"
)

// SigningKey is a private key and the header fields of the tokens it signs. Logs and formatted output show its ID only.
type SigningKey struct {
	ID        string        // kid
	Algorithm string        // one of Algorithms
	Private   crypto.Signer // *rsa.PrivateKey, *ecdsa.PrivateKey or ed25519.PrivateKey; must not be changed
}

// newKeyBits is the size of generated RSA keys, which is that of Cognito's.
const newKeyBits = 2048

// GenerateKey makes a key for alg, which is one of Algorithms. RSA keys have 2048 bits. The ID is 32 random bytes in
// standard base64, like the IDs in Cognito's key sets.
func GenerateKey(rand io.Reader, alg string) (*SigningKey, error) {
	a, err := signable(alg)
	if err != nil {
		return nil, err
	}
	key := &SigningKey{Algorithm: alg}
	switch a.family {
	case rsaPKCS1, rsaPSS:
		key.Private, err = rsa.GenerateKey(rand, newKeyBits)
	case ecdsaFixed:
		key.Private, err = ecdsa.GenerateKey(a.curve, rand)
	case edDSA:
		_, key.Private, err = ed25519.GenerateKey(rand)
	}
	if err != nil {
		return nil, fmt.Errorf("token: generating a key for %s: %w", alg, err)
	}
	return WithNewID(rand, key)
}

// WithNewID returns the key with a new ID: 32 random bytes in standard base64.
func WithNewID(rand io.Reader, key *SigningKey) (*SigningKey, error) {
	var id [32]byte
	if _, err := io.ReadFull(rand, id[:]); err != nil {
		return nil, fmt.Errorf("token: generating a key id: %w", err)
	}
	return &SigningKey{ID: base64.StdEncoding.EncodeToString(id[:]), Algorithm: key.Algorithm, Private: key.Private}, nil
}

// ParsePrivate reads a key that MarshalPrivate encoded. It returns an error if alg is not an algorithm of the key's type,
// or if the key fails PublicKey.Check.
func ParsePrivate(id, alg string, der []byte) (*SigningKey, error) {
	if _, err := signable(alg); err != nil {
		return nil, err
	}
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, errors.New("token: the private key is not PKCS #8") // the cause may quote key material
	}
	private, ok := parsed.(crypto.Signer)
	if !ok {
		return nil, errors.New("token: the private key cannot sign")
	}
	key := &SigningKey{ID: id, Algorithm: alg, Private: private}
	public := key.Public()
	if err := public.Check(); err != nil {
		return nil, err
	}
	return key, nil
}

// MarshalPrivate returns the key in PKCS #8. The bytes are secret: seal them before storing them.
func (k *SigningKey) MarshalPrivate() ([]byte, error) {
	return x509.MarshalPKCS8PrivateKey(k.Private)
}

// Public returns the public key.
func (k *SigningKey) Public() PublicKey {
	return PublicKey{ID: k.ID, Algorithm: k.Algorithm, Key: k.Private.Public()}
}

// Sign returns a JWS in compact form (RFC 7515 section 7.1). claims must be a JSON object and is signed byte for byte. The
// header has Cognito's members in Cognito's order: kid, alg, and typ unless typ is empty.
func (k *SigningKey) Sign(claims []byte, typ string) (string, error) {
	// jwx sorts the members of a header that it writes itself.
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
	const room = 2 + (newKeyBits/8*4+2)/3 // two dots and the signature of a generated key
	out := make([]byte, 0, encoding.EncodedLen(len(header))+encoding.EncodedLen(len(claims))+room)
	out = encoding.AppendEncode(out, header)
	out = append(out, '.')
	out = encoding.AppendEncode(out, claims)
	signature, err := k.signature(out)
	if err != nil {
		return "", err
	}
	out = append(out, '.')
	return string(encoding.AppendEncode(out, signature)), nil
}

func (k *SigningKey) signature(signed []byte) ([]byte, error) {
	a, err := signable(k.Algorithm)
	if err != nil {
		return nil, err
	}
	if public := k.Public(); !a.fits(&public) {
		return nil, fmt.Errorf("token: key %s is not a key for %s", k.ID, k.Algorithm)
	}
	name := jwa.SignatureAlgorithm(k.Algorithm)
	if a.family == edDSA {
		name = jwa.EdDSA // jwx does not know the name of RFC 9864
	}
	signer, err := jwxsign.NewSigner(name)
	if err != nil {
		return nil, fmt.Errorf("token: signing: %w", err)
	}
	signature, err := signer.Sign(signed, k.Private)
	if err != nil {
		return nil, fmt.Errorf("token: signing: %w", err)
	}
	return signature, nil
}

// String returns the ID.
func (k *SigningKey) String() string { return "signing key " + k.ID }

// GoString returns the ID.
func (k *SigningKey) GoString() string { return k.String() }

// LogValue returns the ID.
func (k *SigningKey) LogValue() slog.Value { return slog.StringValue(k.String()) }

// MarshalJSON returns an error, so that a key is never written by accident. Use MarshalPrivate.
func (k *SigningKey) MarshalJSON() ([]byte, error) {
	return nil, errors.New("token: a signing key has no JSON form; use MarshalPrivate")
}

func signable(alg string) (*algorithm, error) {
	if a := algorithmNamed(alg); a != nil {
		return a, nil
	}
	return nil, fmt.Errorf("token: cannot sign with algorithm %q; use one of %v", alg, Algorithms())
}
