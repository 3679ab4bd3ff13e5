package srp

import (
	"errors"
	"fmt"
	"io"
	"math/big"
)

const (
	secretSize = 32 // of b, in bytes: twice the strength of the hash's collision resistance
	scrambler  = 32 // of u

	// ExchangeSize is the length of a marshalled Exchange in bytes.
	ExchangeSize = GroupSize + scrambler + secretSize
)

// Exchange is the server's state between SRP_A and the proof. It holds the secret b; seal it before sending it to a client.
type Exchange struct {
	a *big.Int // the client's public A
	u *big.Int // H(pad(A) ‖ pad(B))
	b *big.Int // the server's secret
}

// Begin takes the client's SRP_A (hexadecimal) and the user's verifier, draws a fresh b from rand and returns the exchange
// with SRP_B in hexadecimal. It returns ErrPublicA if A is not hexadecimal, too long, or a multiple of N.
func Begin(rand io.Reader, verifier []byte, srpA string) (*Exchange, string, error) {
	secret := make([]byte, secretSize)
	for {
		if _, err := io.ReadFull(rand, secret); err != nil {
			return nil, "", fmt.Errorf("srp: no randomness: %w", err)
		}
		x, srpB, err := begin(new(big.Int).SetBytes(secret), verifier, srpA)
		if errors.Is(err, errDegenerate) {
			continue
		}
		return x, srpB, err
	}
}

// errDegenerate is the one b in 2^256 that makes B or u zero; another is drawn.
var errDegenerate = errors.New("srp: B or u is zero")

func begin(b *big.Int, verifier []byte, srpA string) (*Exchange, string, error) {
	a, err := publicA(srpA)
	if err != nil {
		return nil, "", err
	}
	if len(verifier) == 0 {
		return nil, "", ErrVerifier
	}
	// B = (k·v + g^b) mod N
	pub := new(big.Int).Mul(groupK, new(big.Int).SetBytes(verifier))
	pub.Add(pub, new(big.Int).Exp(groupG, b, groupN)).Mod(pub, groupN)
	u := new(big.Int).SetBytes(hash(pad(a), pad(pub)))
	if pub.Sign() == 0 || u.Sign() == 0 {
		return nil, "", errDegenerate
	}
	return &Exchange{a: a, u: u, b: b}, pub.Text(16), nil
}

// publicA reads SRP_A. RFC 5054 section 2.5.4: the server must abort if A mod N is zero, or anyone who sends it knows S.
func publicA(s string) (*big.Int, error) {
	if s == "" || len(s) > 2*(GroupSize+1) {
		return nil, ErrPublicA
	}
	for _, c := range []byte(s) { // big.Int would take a sign and underscores too
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') && (c < 'A' || c > 'F') {
			return nil, ErrPublicA
		}
	}
	a, ok := new(big.Int).SetString(s, 16)
	if !ok || a.BitLen() > 8*GroupSize || new(big.Int).Mod(a, groupN).Sign() == 0 {
		return nil, ErrPublicA
	}
	return a, nil
}

// Key computes the session key with the user's verifier: S = (A·v^u)^b mod N.
func (x *Exchange) Key(verifier []byte) []byte { return sessionKey(x.premaster(verifier), x.u) }

func (x *Exchange) premaster(verifier []byte) *big.Int {
	s := new(big.Int).Exp(new(big.Int).SetBytes(verifier), x.u, groupN)
	s.Mul(s, x.a).Mod(s, groupN)
	return s.Exp(s, x.b, groupN)
}

// MarshalBinary returns the exchange as ExchangeSize bytes.
func (x *Exchange) MarshalBinary() ([]byte, error) {
	out := make([]byte, ExchangeSize)
	x.a.FillBytes(out[:GroupSize])
	x.u.FillBytes(out[GroupSize : GroupSize+scrambler])
	x.b.FillBytes(out[GroupSize+scrambler:])
	return out, nil
}

// UnmarshalBinary reads what MarshalBinary wrote.
func (x *Exchange) UnmarshalBinary(data []byte) error {
	if len(data) != ExchangeSize {
		return fmt.Errorf("srp: an exchange of %d bytes", len(data))
	}
	x.a = new(big.Int).SetBytes(data[:GroupSize])
	x.u = new(big.Int).SetBytes(data[GroupSize : GroupSize+scrambler])
	x.b = new(big.Int).SetBytes(data[GroupSize+scrambler:])
	return nil
}
