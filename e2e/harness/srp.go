package harness

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
)

// srpPrime is the 3072-bit group of RFC 3526, with which Cognito's clients compute; the generator is 2.
const srpPrime = "ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74020bbea63b139b22514a08798e3404dd" +
	"ef9519b3cd3a431b302b0a6df25f14374fe1356d6d51c245e485b576625e7ec6f44c42e9a637ed6b0bff5cb6f406b7ed" +
	"ee386bfb5a899fa5ae9f24117c4b1fe649286651ece45b3dc2007cb8a163bf0598da48361c55d39a69163fa8fd24cf5f" +
	"83655d23dca3ad961c62f356208552bb9ed529077096966d670c354e4abc9804f1746c08ca18217c32905e462e36ce3b" +
	"e39e772c180e86039b2783a2ec07a28fb5c55df06f4c52c9de2bcbf6955817183995497cea956ae515d2261898fa0510" +
	"15728e5a8aaac42dad33170d04507a33a85521abdf1cba64ecfb850458dbef0a8aea71575d060c7db3970f85a6e1e4c7" +
	"abf5ae8cdb0933d71e8c94e04a25619dcee3d2261ad2ee6bf12ffa06d98a0864d87602733ec86a64521f2b18177b200c" +
	"bbe117577a615d6c770988c0bad946e208e24fa074e5ab3143db5bfce0fd108e4b82d120a93ad2caffffffffffffffff"

// SRPSignIn signs in by USER_SRP_AUTH with a public app client.
func (s *Sluice) SRPSignIn(t testing.TB, pool, client, name, password string) (*cognitoidentityprovider.RespondToAuthChallengeOutput, error) {
	t.Helper()
	n, two := hexNumber(srpPrime), big.NewInt(2)
	a, err := rand.Int(rand.Reader, n)
	if err != nil {
		t.Fatal(err)
	}
	publicA := new(big.Int).Exp(two, a, n)
	users := s.Users(Anonymous)
	out, err := users.InitiateAuth(t.Context(), &cognitoidentityprovider.InitiateAuthInput{ClientId: &client, AuthFlow: types.AuthFlowTypeUserSrpAuth,
		AuthParameters: map[string]string{"USERNAME": name, "SRP_A": publicA.Text(16)}})
	if err != nil {
		return nil, err
	}
	q := out.ChallengeParameters
	publicB, user := hexNumber(q["SRP_B"]), q["USER_ID_FOR_SRP"]
	short := pool[strings.IndexByte(pool, '_')+1:]
	x := new(big.Int).SetBytes(digest(signed(hexNumber(q["SALT"])), digest([]byte(short+user+":"+password))))
	u := new(big.Int).SetBytes(digest(signed(publicA), signed(publicB)))
	k := new(big.Int).SetBytes(digest(signed(n), []byte{2}))
	base := new(big.Int).Mul(k, new(big.Int).Exp(two, x, n))
	base.Sub(publicB, base).Mod(base, n)
	secret := base.Exp(base, new(big.Int).Add(new(big.Int).Mul(u, x), a), n)
	return s.proveSRP(t, client, short, user, q, srpKey(t, secret, publicA, publicB))
}

// proveSRP answers PASSWORD_VERIFIER.
func (s *Sluice) proveSRP(t testing.TB, client, short, user string, q map[string]string, key []byte) (*cognitoidentityprovider.RespondToAuthChallengeOutput, error) {
	t.Helper()
	block, err := base64.StdEncoding.DecodeString(q["SECRET_BLOCK"])
	if err != nil {
		t.Fatal(err)
	}
	stamp := time.Now().UTC().Format("Mon Jan 2 15:04:05 UTC 2006")
	m := hmac.New(sha256.New, key)
	m.Write([]byte(short + user))
	m.Write(block)
	m.Write([]byte(stamp))
	return s.Users(Anonymous).RespondToAuthChallenge(t.Context(), &cognitoidentityprovider.RespondToAuthChallengeInput{ClientId: &client,
		ChallengeName: types.ChallengeNameTypePasswordVerifier, ChallengeResponses: map[string]string{"USERNAME": user, "TIMESTAMP": stamp,
			"PASSWORD_CLAIM_SECRET_BLOCK": q["SECRET_BLOCK"], "PASSWORD_CLAIM_SIGNATURE": base64.StdEncoding.EncodeToString(m.Sum(nil))}})
}

func srpKey(t testing.TB, secret, publicA, publicB *big.Int) []byte {
	t.Helper()
	u := new(big.Int).SetBytes(digest(signed(publicA), signed(publicB)))
	key, err := hkdf.Key(sha256.New, signed(secret), signed(u), "Caldera Derived Key", 16)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func hexNumber(s string) *big.Int {
	i, _ := new(big.Int).SetString(s, 16)
	return i
}

// signed returns a number as two's complement, big-endian.
func signed(i *big.Int) []byte {
	b := i.Bytes()
	if len(b) == 0 || b[0]&0x80 != 0 {
		return append([]byte{0}, b...)
	}
	return b
}

func digest(parts ...[]byte) []byte {
	h := sha256.New()
	for _, p := range parts {
		h.Write(p)
	}
	return h.Sum(nil)
}
