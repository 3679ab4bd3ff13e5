package login

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/authz"
	"github.com/sluicegate/sluice/authz/token"
)

func TestTheSignedHeaderHasTheClaimsOfUserInfo(t *testing.T) {
	for issuer, want := range map[string]string{
		"https://id.example/us-east-1_notes0001": `{"sub":"s1","username":"ann","email_verified":"true","custom:n":"5","updated_at":"7","address":"Main St\n1","exp":%d,"iss":"https://id.example/us-east-1_notes0001"}`,
		"https://idp.example":                    `{"sub":"s1","username":"ann","email_verified":true,"custom:n":"5","updated_at":7,"address":{"formatted":"Main St\n1"},"acr":"1","amr":["pwd"],"cognito:groups":["a"],"cognito:username":"ann","exp":%d,"iss":"https://idp.example"}`,
	} {
		w := newWorld(t)
		signer, err := NewSigner(SignerOptions{Store: w.store, Box: w.box, Now: w.clock, Rand: rand.Reader, Region: "us-east-1", Account: "1", LoginID: "l"})
		must(t, err)
		now := w.clock().Unix()
		raw, err := w.key.Sign(fmt.Appendf(nil, `{"iss":%q,"sub":"s1","aud":"web","iat":%d,"exp":%d,"nonce":"n","email_verified":true,"custom:n":"5","updated_at":7,`+
			`"address":{"formatted":"Main St\n1"},"acr":"1","amr":["pwd"],"cognito:groups":["a"],"cognito:username":"ann"}`, issuer, now, now+600), "JWT")
		must(t, err)
		keys := &token.StaticKeys{}
		must(t, keys.Set(w.key.Public()))
		verifier, err := token.New(token.Options{Now: w.clock, Issuers: []token.Issuer{{URL: issuer, Keys: keys, Algorithms: []string{"ES256"}, Audiences: []string{"web"}}}})
		must(t, err)
		id, err := verifier.Verify(t.Context(), raw)
		must(t, err)
		subject, _ := authz.SubjectOfSession(id, nil, &authz.Session{ID: "1", Until: w.clock().Add(dataLife)})
		data, err := signer.Data(t.Context(), subject.Principal, subject.Session())
		must(t, err)
		payload, err := base64.URLEncoding.DecodeString(strings.Split(data, ".")[1])
		must(t, err)
		if want = fmt.Sprintf(want, w.clock().Add(dataLife).Unix()); string(payload) != want || !json.Valid(payload) {
			t.Errorf("%s\nwant %s", payload, want)
		}
	}
}
