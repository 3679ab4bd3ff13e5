package node_test

import (
	"context"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/node"
)

// A start makes a declared user who is missing. Of one who exists it keeps the password and the attributes, and adds groups.
func TestDeclaredUsersAreMadeOnceAndGetTheirGroups(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	client := filepath.Join(folder, "client.json")
	if err := os.WriteFile(client, []byte(`{"ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH"]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	ada := func(password, email string, groups ...string) config.User {
		return config.User{Name: "ada", Password: password, Attributes: map[string]string{"email": email, "email_verified": "true"}, Groups: groups}
	}
	start := func(u config.User, try func(url string)) {
		t.Helper()
		n, err := node.Open(context.Background(), node.Options{RootKey: exampleRoot, Config: config.App{DataDir: folder, AllowDeclaredUsers: true,
			UserPools: []config.UserPool{{ID: examplePool, Clients: []config.Client{{ID: exampleClient, Settings: client}},
				Groups: []config.Group{{Name: "readers"}, {Name: "editors"}}, Users: []config.User{u}}}}})
		if err != nil {
			t.Fatal(err)
		}
		defer n.Close()
		server := httptest.NewServer(n)
		defer server.Close()
		try(server.URL)
	}
	signIn := `{"ClientId": "` + exampleClient + `", "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": {"USERNAME": "ada", "PASSWORD": "Correct-Horse-7-Battery"}}`
	start(ada("Correct-Horse-7-Battery", "ada@example.com", "readers"), func(url string) {
		call(url, "InitiateAuth", signIn, nil)
	})
	start(ada("Another-Horse-8-Battery", "eve@example.com", "editors"), func(url string) {
		call(url, "InitiateAuth", signIn, nil)
		of := `{"UserPoolId": "` + examplePool + `", "Username": "ada"}`
		if user := string(call(url, "AdminGetUser", of, &exampleRoot)); !strings.Contains(user, "ada@example.com") || !strings.Contains(user, "CONFIRMED") {
			t.Errorf("the second start changed the user: %s", user)
		}
		if groups := string(call(url, "AdminListGroupsForUser", of, &exampleRoot)); !strings.Contains(groups, "readers") || !strings.Contains(groups, "editors") {
			t.Errorf("groups: %s", groups)
		}
	})
	// Someone else has the name: the groups are not that user's.
	start(ada("Correct-Horse-7-Battery", "ada@example.com"), func(url string) {
		call(url, "AdminCreateUser", `{"UserPoolId": "`+examplePool+`", "Username": "eve"}`, &exampleRoot)
	})
	eve := config.User{Name: "eve", Password: "Correct-Horse-7-Battery", Groups: []string{"editors"}}
	_, err := node.Open(context.Background(), node.Options{RootKey: exampleRoot, Config: config.App{DataDir: folder, AllowDeclaredUsers: true,
		UserPools: []config.UserPool{{ID: examplePool, Clients: []config.Client{{ID: exampleClient, Settings: client}}, Groups: []config.Group{{Name: "editors"}}, Users: []config.User{eve}}}}})
	if err == nil || !strings.Contains(err.Error(), "user eve: the pool has a user with this name that no configuration created") {
		t.Errorf("a user who signed up first: %v", err)
	}
	start(ada("Correct-Horse-7-Battery", "ada@example.com"), func(url string) {
		if groups := string(call(url, "AdminListGroupsForUser", `{"UserPoolId": "`+examplePool+`", "Username": "eve"}`, &exampleRoot)); strings.Contains(groups, "editors") {
			t.Errorf("the user who signed up first is in %s", groups)
		}
	})
	_, err = node.Open(context.Background(), node.Options{RootKey: exampleRoot, Config: config.App{DataDir: t.TempDir(), AllowDeclaredUsers: true,
		UserPools: []config.UserPool{{ID: examplePool, Users: []config.User{{Name: "ada", Password: "short"}}}}}})
	if err == nil || !strings.Contains(err.Error(), "user pool "+examplePool+": user ada: ") || !strings.Contains(err.Error(), "Password") {
		t.Errorf("a weak password: %v", err)
	}
}
