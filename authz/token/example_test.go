package token_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/sluicegate/sluice/authz/token"
)

// An issuer signs a token with its key, and a verifier that knows the issuer and its keys accepts it.
func Example() {
	key, err := token.GenerateKey(rand.Reader, "ES256")
	if err != nil {
		log.Fatal(err)
	}
	keys := new(token.StaticKeys) // of this process; NewRemote fetches those of others
	if err := keys.Set(key.Public()); err != nil {
		log.Fatal(err)
	}
	verifier, err := token.New(token.Options{Now: time.Now, Issuers: []token.Issuer{{
		URL: "https://id.example.com", Keys: keys, Algorithms: []string{"ES256"}, ClientIDs: []string{"notes"}, TokenUse: []string{"access"},
	}}})
	if err != nil {
		log.Fatal(err)
	}
	for _, use := range []string{"access", "id"} {
		claims := fmt.Sprintf(`{"iss": "https://id.example.com", "sub": "ada", "client_id": "notes", "aud": "notes", "token_use": %q, "exp": %d}`,
			use, time.Now().Add(time.Hour).Unix())
		raw, err := key.Sign([]byte(claims), "")
		if err != nil {
			log.Fatal(err)
		}
		verified, err := verifier.Verify(context.Background(), raw)
		var refused *token.Error
		if errors.As(err, &refused) {
			fmt.Println("refused:", refused.Reason, "-", refused.Detail)
			continue
		}
		fmt.Println("accepted:", verified.Subject)
	}
	// Output:
	// accepted: ada
	// refused: wrong_token_use - an ID token where an access token is required
}
