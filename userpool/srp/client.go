package srp

import (
	"errors"
	"fmt"
	"io"
	"math/big"
	"strings"
)

// Client is the client's half of an exchange with another user pool.
type Client struct{ a, public *big.Int }

// NewClient draws the client's secret from rand.
func NewClient(rand io.Reader) (*Client, error) {
	secret := make([]byte, secretSize)
	if _, err := io.ReadFull(rand, secret); err != nil {
		return nil, fmt.Errorf("srp: no randomness: %w", err)
	}
	a := new(big.Int).SetBytes(secret)
	return &Client{a: a, public: new(big.Int).Exp(groupG, a, groupN)}, nil
}

// A returns SRP_A.
func (c *Client) A() string { return c.public.Text(16) }

var errServer = errors.New("srp: the server's SALT or SRP_B is not a number of the group")

// Key computes the session key from the server's SALT and SRP_B: S = (B - k·g^x)^(a + u·x) mod N.
func (c *Client) Key(n Name, password, salt, srpB string) ([]byte, error) {
	b, err := publicA(srpB)
	if err != nil || len(salt) > 2*GroupSize {
		return nil, errServer
	}
	s, ok := new(big.Int).SetString(strings.TrimSpace(salt), 16)
	if !ok || s.Sign() < 0 {
		return nil, errServer
	}
	u := new(big.Int).SetBytes(hash(pad(c.public), pad(b)))
	if u.Sign() == 0 {
		return nil, errServer
	}
	x := privateX(n, password, s.Bytes())
	base := new(big.Int).Mul(groupK, new(big.Int).Exp(groupG, x, groupN))
	base.Sub(b, base).Mod(base, groupN)
	exponent := new(big.Int).Mul(u, x)
	return sessionKey(base.Exp(base, exponent.Add(exponent, c.a), groupN), u), nil
}
