package sigv4_test

import (
	"errors"
	"fmt"
	"log"
	"net/http"
	"strings"
	"time"

	"github.com/sluicegate/sluice/credentials/sigv4"
)

// A client signs a request, and a server verifies it with the secret of the access key.
func Example() {
	client := sigv4.Credentials{AccessKeyID: "AKIAIOSFODNN7EXAMPLE", SecretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}
	secrets := map[string]string{client.AccessKeyID: client.SecretAccessKey}

	body := `{"UserPoolId": "us-east-1_notes0001"}`
	r, err := http.NewRequest(http.MethodPost, "https://id.example.com/", strings.NewReader(body))
	if err != nil {
		log.Fatal(err)
	}
	err = sigv4.Sign(sigv4.FromHTTP(r), client, sigv4.SignOptions{Time: time.Now(), Region: "us-east-1", Service: "cognito-idp", PayloadHash: sigv4.HashPayload([]byte(body))})
	if err != nil {
		log.Fatal(err)
	}

	verify := func(body string) error {
		auth, err := sigv4.Parse(sigv4.FromHTTP(r))
		if err != nil {
			return err
		}
		_, err = auth.Verify(secrets[auth.AccessKeyID], sigv4.Options{Now: time.Now(), Regions: []string{"us-east-1"}, Services: []string{"cognito-idp"},
			BodySHA256: sigv4.HashPayload([]byte(body))})
		return err
	}
	fmt.Println("as signed:", verify(body))
	var refused *sigv4.Error
	fmt.Println("changed:", errors.As(verify(`{}`), &refused), refused.Reason)
	// Output:
	// as signed: <nil>
	// changed: true signature does not match
}
