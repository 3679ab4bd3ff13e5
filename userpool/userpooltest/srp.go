package userpooltest

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/userpool/signin"
	"github.com/sluicegate/sluice/userpool/srp"
)

// groupN is the 3072-bit prime of RFC 3526 section 4, which Cognito's SRP uses with the generator 2.
const groupN = "ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74020bbea63b139b22514a08798e3404dd" +
	"ef9519b3cd3a431b302b0a6df25f14374fe1356d6d51c245e485b576625e7ec6f44c42e9a637ed6b0bff5cb6f406b7ed" +
	"ee386bfb5a899fa5ae9f24117c4b1fe649286651ece45b3dc2007cb8a163bf0598da48361c55d39a69163fa8fd24cf5f" +
	"83655d23dca3ad961c62f356208552bb9ed529077096966d670c354e4abc9804f1746c08ca18217c32905e462e36ce3b" +
	"e39e772c180e86039b2783a2ec07a28fb5c55df06f4c52c9de2bcbf6955817183995497cea956ae515d2261898fa0510" +
	"15728e5a8aaac42dad33170d04507a33a85521abdf1cba64ecfb850458dbef0a8aea71575d060c7db3970f85a6e1e4c7" +
	"abf5ae8cdb0933d71e8c94e04a25619dcee3d2261ad2ee6bf12ffa06d98a0864d87602733ec86a64521f2b18177b200c" +
	"bbe117577a615d6c770988c0bad946e208e24fa074e5ab3143db5bfce0fd108e4b82d120a93ad2caffffffffffffffff"

// SRPClient is the client's half of SRP, as the official libraries do it.
type SRPClient struct {
	N, G, PublicA *big.Int // the group, and SRP_A before it is printed in hexadecimal
	k, a          *big.Int
}

// NewSRPClient returns a client with a fresh secret.
func NewSRPClient(t testing.TB) *SRPClient {
	t.Helper()
	c := &SRPClient{N: hexInt(groupN), G: big.NewInt(2)}
	c.k = new(big.Int).SetBytes(sum(padded(c.N), c.G.Bytes()))
	var err error
	if c.a, err = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 1024)); err != nil {
		t.Fatal(err)
	}
	c.PublicA = new(big.Int).Exp(c.G, c.a, c.N)
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

// Answer returns the responses to PASSWORD_VERIFIER.
func (c *SRPClient) Answer(t testing.TB, poolID string, params map[string]string, pass string, at time.Time) map[string]string {
	t.Helper()
	return c.AnswerStamped(t, poolID, params, pass, srp.FormatTimestamp(at))
}

// AnswerStamped is Answer with the TIMESTAMP as given.
func (c *SRPClient) AnswerStamped(t testing.TB, poolID string, params map[string]string, pass, stamp string) map[string]string {
	t.Helper()
	return c.proof(t, srp.Name{Pool: poolID[strings.IndexByte(poolID, '_')+1:], User: params["USER_ID_FOR_SRP"]}, params, pass, stamp)
}

func (c *SRPClient) proof(t testing.TB, name srp.Name, params map[string]string, pass, stamp string) map[string]string {
	t.Helper()
	pubB, salt := hexInt(params["SRP_B"]), hexInt(params["SALT"])
	inner := sha256.Sum256([]byte(name.Pool + name.User + ":" + pass))
	x := new(big.Int).SetBytes(sum(padded(salt), inner[:]))
	u := new(big.Int).SetBytes(sum(padded(c.PublicA), padded(pubB)))
	base := new(big.Int).Sub(pubB, new(big.Int).Mul(c.k, new(big.Int).Exp(c.G, x, c.N)))
	s := new(big.Int).Exp(base.Mod(base, c.N), new(big.Int).Add(c.a, new(big.Int).Mul(u, x)), c.N)
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
		"PASSWORD_CLAIM_SIGNATURE": srp.Signature(key, name, block, stamp)}
}

func sum(parts ...[]byte) []byte {
	h := sha256.New()
	for _, p := range parts {
		h.Write(p)
	}
	return h.Sum(nil)
}

// BeginSRP starts USER_SRP_AUTH.
func (h *Harness) BeginSRP(c *SRPClient, clientID, name string) (*signin.Result, error) {
	return h.SignIns.InitiateAuth(h.T.Context(), signin.Request{ClientID: clientID, Flow: "USER_SRP_AUTH",
		Parameters: map[string]string{"USERNAME": name, "SRP_A": c.PublicA.Text(16)}})
}

// SRPSignIn runs all steps of USER_SRP_AUTH.
func (h *Harness) SRPSignIn(poolID, clientID, name, pass string) (*signin.Result, error) {
	h.T.Helper()
	c := NewSRPClient(h.T)
	out, err := h.BeginSRP(c, clientID, name)
	if err != nil {
		return nil, err
	}
	return h.Respond(clientID, out.Challenge, "", c.Answer(h.T, poolID, out.Parameters, pass, h.Clock.Now()))
}

// Respond answers a challenge.
func (h *Harness) Respond(clientID, challenge, session string, responses map[string]string) (*signin.Result, error) {
	return h.SignIns.RespondToAuthChallenge(h.T.Context(), signin.Answer{ClientID: clientID, Challenge: challenge, Session: session, Responses: responses})
}

// SecretHash returns Base64(HMAC-SHA256(secret, username + client id)).
func SecretHash(secret, username, clientID string) string {
	m := hmac.New(sha256.New, []byte(secret))
	m.Write([]byte(username + clientID))
	return base64.StdEncoding.EncodeToString(m.Sum(nil))
}
