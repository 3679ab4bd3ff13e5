package node_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/credentials/sigv4"
	"github.com/sluicegate/sluice/node"
)

const (
	examplePool   = "us-east-1_notes0001"
	exampleClient = "1example23456789abcdefghij"
)

var exampleRoot = sigv4.Credentials{AccessKeyID: "AKIAIOSFODNN7EXAMPLE", SecretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}

// A program that embeds a user pool. It serves the APIs of Amazon Cognito and protects one of its handlers with a gate.
func Example() {
	folder, err := os.MkdirTemp("", "sluice")
	check(err)
	defer os.RemoveAll(folder)
	client := filepath.Join(folder, "client.json") // a CreateUserPoolClient request
	check(os.WriteFile(client, []byte(`{"ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]}`), 0o600))

	n, err := node.Open(context.Background(), node.Options{
		Config: config.App{
			DataDir: filepath.Join(folder, "data"),
			UserPools: []config.UserPool{{
				ID:      examplePool,
				Clients: []config.Client{{ID: exampleClient, Settings: client}},
				Groups:  []config.Group{{Name: "readers"}},
			}},
		},
		RootKey: exampleRoot,
	})
	check(err)
	defer n.Close()

	gate, err := n.Gate(config.Authorize{
		UserPools: []string{examplePool},
		Rules:     []config.Rule{{Effect: "allow", Subject: "group", Names: []string{"readers"}, Method: "GET", Path: "/api/*"}},
	})
	check(err)

	mux := http.NewServeMux()
	mux.Handle("/", n)
	mux.Handle("/api/", gate.Protect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who, _ := node.PrincipalOf(r.Context())
		fmt.Fprintf(w, "Hello %s!", who.Username)
	})))
	server := httptest.NewServer(mux)
	defer server.Close()

	// An administrator creates a user, who then signs in.
	admin := func(operation, input string) { call(server.URL, operation, input, &exampleRoot) }
	admin("AdminCreateUser", `{"UserPoolId": "`+examplePool+`", "Username": "ada", "MessageAction": "SUPPRESS"}`)
	admin("AdminSetUserPassword", `{"UserPoolId": "`+examplePool+`", "Username": "ada", "Password": "Correct-Horse-7-Battery", "Permanent": true}`)
	admin("AdminAddUserToGroup", `{"UserPoolId": "`+examplePool+`", "Username": "ada", "GroupName": "readers"}`)
	var signedIn struct {
		AuthenticationResult struct{ AccessToken string }
	}
	check(json.Unmarshal(call(server.URL, "InitiateAuth", `{"ClientId": "`+exampleClient+`", "AuthFlow": "USER_PASSWORD_AUTH",
		"AuthParameters": {"USERNAME": "ada", "PASSWORD": "Correct-Horse-7-Battery"}}`, nil), &signedIn))

	token := signedIn.AuthenticationResult.AccessToken
	request(http.MethodGet, server.URL+"/api/notes", token)
	request(http.MethodDelete, server.URL+"/api/notes/1", token)
	request(http.MethodGet, server.URL+"/api/notes", "")

	// Output:
	// GET 200 Hello ada!
	// DELETE 403 Not allowed
	// GET 401 No credential
}

// call calls an operation of the user pools API, signed if by is not nil.
func call(url, operation, input string, by *sigv4.Credentials) []byte {
	r, err := http.NewRequest(http.MethodPost, url+"/", strings.NewReader(input))
	check(err)
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", "AWSCognitoIdentityProviderService."+operation)
	if by != nil {
		check(sigv4.Sign(sigv4.FromHTTP(r), *by, sigv4.SignOptions{Time: time.Now(), Region: "us-east-1", Service: "cognito-idp",
			PayloadHash: sigv4.HashPayload([]byte(input))}))
	}
	status, body := do(r)
	if status != http.StatusOK {
		log.Fatalf("%s: %d %s", operation, status, body)
	}
	return body
}

// request asks the protected handler and prints the answer.
func request(method, url, token string) {
	r, err := http.NewRequest(method, url, nil)
	check(err)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	status, body := do(r)
	var problem struct{ Title string }
	if json.Unmarshal(body, &problem) == nil {
		body = []byte(problem.Title)
	}
	fmt.Printf("%s %d %s\n", method, status, body)
}

func do(r *http.Request) (status int, body []byte) {
	response, err := http.DefaultClient.Do(r)
	check(err)
	defer response.Body.Close()
	body, err = io.ReadAll(response.Body)
	check(err)
	return response.StatusCode, body
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
