package e2e

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentity"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"

	"github.com/sluicegate/sluice/e2e/harness"
)

// TestEveryOperationAnswers calls each operation that the SDK knows, unsigned and signed by the administrator, with
// bodies that fit none. The answer is a client error in AWS's form, never a server error.
func TestEveryOperationAnswers(t *testing.T) {
	t.Parallel()
	s := harness.Start(t, harness.Config{})
	var targets []string
	for prefix, client := range map[string]any{usersTarget: &cip.Client{}, identitiesTarget: &cognitoidentity.Client{}} {
		for method := range reflect.TypeOf(client).Methods() {
			if method.Name != "Options" {
				targets = append(targets, prefix+method.Name)
			}
		}
	}
	if len(targets) < 120 {
		t.Fatalf("only %d operations", len(targets))
	}
	long := strings.Repeat("x", 3000)
	bodies := []string{
		`{}`, `null`, `[]`, `"x"`, `{`, ``, `{"UserPoolId":null,"ClientId":null,"Username":null,"AccessToken":null}`,
		`{"UserPoolId":"` + harness.Pool + `","ClientId":"` + harness.Client + `","Username":"nobody","GroupName":"none","IdentityPoolId":"` + harness.IdentityPool + `"}`,
		`{"UserPoolId":"` + long + `","ClientId":"` + long + `","Username":"` + long + `","AccessToken":"` + long + `","Session":"` + long + `"}`,
		`{"UserPoolId":{"a":[]},"Username":["x"],"MaxResults":"many","Limit":-1,"UserAttributes":{"Name":1}}`,
		strings.Repeat(`{"a":`, 2000) + `1` + strings.Repeat(`}`, 2000),
	}
	signed := func(req *http.Request, body string) {
		creds, err := harness.Admin.Retrieve(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		service := "cognito-idp"
		if strings.HasPrefix(req.Header.Get("X-Amz-Target"), identitiesTarget) {
			service = "cognito-identity"
		}
		sum := sha256.Sum256([]byte(body))
		if err := v4.NewSigner().SignHTTP(t.Context(), creds, req, hex.EncodeToString(sum[:]), service, harness.Region, time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	kinds := map[string]int{}
	for _, target := range targets {
		for i, body := range bodies {
			for _, sign := range []bool{false, true} {
				req, err := http.NewRequest("POST", s.URL+"/", strings.NewReader(body))
				if err != nil {
					t.Fatal(err)
				}
				req.Header.Set("Content-Type", jsonType)
				req.Header.Set("X-Amz-Target", target)
				if sign {
					signed(req, body)
				}
				got := harness.Do(t, req)
				what := fmt.Sprintf("%s, body %d, signed %v", target, i, sign)
				var answer struct {
					Type string `json:"__type"`
				}
				if err := json.Unmarshal([]byte(got.Body), &answer); err != nil {
					t.Errorf("%s: %v in %q", what, err, got.Body)
				}
				// Some operations need no input and answer 200, such as a list of everything for the administrator.
				if got.Status == 200 && sign {
					kinds["200"]++
					continue
				}
				if got.Status < 400 || got.Status >= 500 || answer.Type == "" || strings.HasPrefix(answer.Type, "Internal") {
					t.Errorf("%s: %d %s", what, got.Status, got.Body)
				}
				kinds[answer.Type]++
			}
		}
	}
	t.Logf("note: %v", kinds)
}
