package cognitoidp

import (
	"encoding/json"
	"testing"

	"github.com/sluicegate/sluice/userpool/tokens"
)

func TestTokensThatWereNotIssuedAreNotMembers(t *testing.T) {
	data, err := json.Marshal(tokensOut(&tokens.Set{AccessToken: "a", ExpiresIn: 3600}))
	if want := `{"AccessToken":"a","ExpiresIn":3600,"TokenType":"Bearer"}`; err != nil || string(data) != want {
		t.Errorf("%s, %v", data, err)
	}
}
