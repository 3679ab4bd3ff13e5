package userpool_test

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/srp"
)

// srpClient is the client's half of SRP, as the official libraries do it.
type srpClient struct {
	n, g, k, a, pubA *big.Int
}

func newSRPClient(t testing.TB) *srpClient {
	t.Helper()
	data, err := os.ReadFile("srp/testdata/srp-vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var v struct{ N, G, K string }
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	c := &srpClient{n: hexInt(v.N), g: hexInt(v.G), k: hexInt(v.K)}
	if c.a, err = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 1024)); err != nil {
		t.Fatal(err)
	}
	c.pubA = new(big.Int).Exp(c.g, c.a, c.n)
	return c
}

func hexInt(s string) *big.Int {
	i, _ := new(big.Int).SetString(s, 16)
	return i
}

func padded(i *big.Int) []byte {
	if b := i.Bytes(); len(b) > 0 && b[0]&0x80 == 0 {
		return b
	}
	return append([]byte{0}, i.Bytes()...)
}

// answer computes the responses to PASSWORD_VERIFIER.
func (c *srpClient) answer(t testing.TB, poolID string, params map[string]string, pass string, at time.Time) map[string]string {
	t.Helper()
	return c.answerStamped(t, poolID, params, pass, srp.FormatTimestamp(at))
}

// answerStamped signs a TIMESTAMP as it is given.
func (c *srpClient) answerStamped(t testing.TB, poolID string, params map[string]string, pass, stamp string) map[string]string {
	t.Helper()
	short := poolID[strings.IndexByte(poolID, '_')+1:]
	user := params["USER_ID_FOR_SRP"]
	pubB, salt := hexInt(params["SRP_B"]), hexInt(params["SALT"])
	inner := sha256.Sum256([]byte(short + user + ":" + pass))
	x := new(big.Int).SetBytes(sum(padded(salt), inner[:]))
	u := new(big.Int).SetBytes(sum(padded(c.pubA), padded(pubB)))
	base := new(big.Int).Sub(pubB, new(big.Int).Mul(c.k, new(big.Int).Exp(c.g, x, c.n)))
	s := new(big.Int).Exp(base.Mod(base, c.n), new(big.Int).Add(c.a, new(big.Int).Mul(u, x)), c.n)
	prk := hmac.New(sha256.New, padded(u))
	prk.Write(padded(s))
	okm := hmac.New(sha256.New, prk.Sum(nil))
	okm.Write([]byte("Caldera Derived Key\x01"))
	key := okm.Sum(nil)[:16]
	block, err := base64.StdEncoding.DecodeString(params["SECRET_BLOCK"])
	if err != nil {
		t.Fatal(err)
	}
	return map[string]string{"USERNAME": params["USERNAME"], "PASSWORD_CLAIM_SECRET_BLOCK": params["SECRET_BLOCK"], "TIMESTAMP": stamp,
		"PASSWORD_CLAIM_SIGNATURE": srp.Signature(key, srp.Name{Pool: short, User: user}, block, stamp)}
}

func sum(parts ...[]byte) []byte {
	h := sha256.New()
	for _, p := range parts {
		h.Write(p)
	}
	return h.Sum(nil)
}

// begin starts USER_SRP_AUTH.
func (h *house) beginSRP(c *srpClient, clientID, name string) (*userpool.AuthResult, error) {
	return h.svc.InitiateAuth(h.t.Context(), userpool.AuthRequest{ClientID: clientID, Flow: "USER_SRP_AUTH",
		Parameters: map[string]string{"USERNAME": name, "SRP_A": c.pubA.Text(16)}})
}

// srpSignIn walks through the whole of USER_SRP_AUTH.
func (h *house) srpSignIn(poolID, clientID, name, pass string) (*userpool.AuthResult, error) {
	h.t.Helper()
	c := newSRPClient(h.t)
	out, err := h.beginSRP(c, clientID, name)
	if err != nil {
		return nil, err
	}
	return h.svc.RespondToAuthChallenge(h.t.Context(), userpool.AuthAnswer{ClientID: clientID, Challenge: out.Challenge,
		Responses: c.answer(h.t, poolID, out.Parameters, pass, h.clock.now())})
}

// secretHash is Base64(HMAC-SHA256(secret, username + client id)).
func secretHash(secret, username, clientID string) string {
	m := hmac.New(sha256.New, []byte(secret))
	m.Write([]byte(username + clientID))
	return base64.StdEncoding.EncodeToString(m.Sum(nil))
}
