package node_test

import (
	"context"
	"fmt"
	"log/slog"
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

func TestAConfigurationThatDoesNotStartLeavesNobodyInItsGroups(t *testing.T) {
	t.Parallel()
	shared, folder := node.NewShared(), t.TempDir()
	open := func(more []config.UserPool, groups ...string) (*node.Node, error) {
		pool := config.UserPool{ID: examplePool, Clients: []config.Client{{ID: exampleClient}}, Groups: []config.Group{{Name: "readers"}, {Name: "admins"}},
			Users: []config.User{{Name: "ada", Password: "Correct-Horse-7-Battery", Groups: groups}}}
		return node.Open(context.Background(), node.Options{RootKey: exampleRoot, Shared: shared, Config: config.App{DataDir: folder, AllowDeclaredUsers: true,
			UserPools: append([]config.UserPool{pool}, more...)}})
	}
	n, err := open(nil, "readers")
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	other := config.UserPool{ID: "us-east-1_another01", Clients: []config.Client{{ID: exampleClient}}} // which is the first pool's
	if _, err := open([]config.UserPool{other}, "readers", "admins"); err == nil {
		t.Fatal("a client of two pools was declared")
	}
	server := httptest.NewServer(n)
	defer server.Close()
	groups := string(call(server.URL, "AdminListGroupsForUser", `{"UserPoolId": "`+examplePool+`", "Username": "ada"}`, &exampleRoot))
	if !strings.Contains(groups, "readers") || strings.Contains(groups, "admins") {
		t.Errorf("groups: %s", groups)
	}
}

// What is put back is everything that can be, roles first, and what all processes must have in common.
func TestAfterAReloadThatFailsTheRolesAreThoseOfBefore(t *testing.T) {
	t.Parallel()
	shared, folder := node.NewShared(), t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	open := func(action, publicURL string, log *slog.Logger, users ...config.User) *node.Node {
		t.Helper()
		trust := write("trust.json", `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "123456789012"}, "Action": "sts:AssumeRole"}]}`)
		policy := write("policy.json", `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "`+action+`", "Resource": "*"}]}`)
		n, err := node.Open(context.Background(), node.Options{RootKey: exampleRoot, Shared: shared, Log: log, Config: config.App{DataDir: folder, AllowDeclaredUsers: true,
			Account: "123456789012", PublicURL: publicURL, Roles: []config.Role{{Name: "reader", Trust: []config.Trust{{File: trust}}, Policies: []string{policy}}},
			UserPools: []config.UserPool{{ID: examplePool, Users: users}}}})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	var said strings.Builder
	log := slog.New(slog.NewTextHandler(&said, nil))
	before := open("s3:GetObject", "https://a.example", log, config.User{Name: "ada", Password: "Correct-Horse-7-Battery"})
	defer before.Close()
	server := httptest.NewServer(before)
	defer server.Close()
	// Someone else has the declared user's name now, so not all can be put back.
	ada := `{"UserPoolId": "` + examplePool + `", "Username": "ada"}`
	call(server.URL, "AdminDeleteUser", ada, &exampleRoot)
	call(server.URL, "AdminCreateUser", ada, &exampleRoot)
	if err := open("s3:*", "https://b.example", log).Close(); err == nil { // it did not start
		t.Error("what could not be put back is not reported")
	}
	role, err := before.Services.Roles.GetRole("reader")
	if err != nil {
		t.Fatal(err)
	}
	if text := fmt.Sprintf("%s", role.Inline); !strings.Contains(text, "s3:GetObject") || strings.Contains(text, "s3:*") {
		t.Errorf("the role has %s", text)
	}
	said.Reset()
	open("s3:GetObject", "https://a.example", log).Close()
	if strings.Contains(said.String(), "public_url or issuer changed") {
		t.Errorf("a start with the settings of before says %s", said.String())
	}
}

// Other processes obey the store at once.
func TestAStartWhoseDeclarationsCannotBeMadeChangesNothing(t *testing.T) {
	t.Parallel()
	shared, folder := node.NewShared(), t.TempDir()
	settings := func(length string) string {
		path := filepath.Join(folder, length+".json")
		if err := os.WriteFile(path, []byte(`{"Policies": {"PasswordPolicy": {"MinimumLength": `+length+`}}}`), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	open := func(length, secret string, users ...config.User) (*node.Node, error) {
		first := config.UserPool{ID: examplePool, Settings: settings(length)}
		second := config.UserPool{ID: "us-east-1_another01", Clients: []config.Client{{ID: exampleClient, Secret: secret}}, Users: users}
		return node.Open(context.Background(), node.Options{RootKey: exampleRoot, Shared: shared, Config: config.App{DataDir: folder, AllowDeclaredUsers: true,
			UserPools: []config.UserPool{first, second}}})
	}
	n, err := open("10", "first0secret0of0the0client")
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	server := httptest.NewServer(n)
	defer server.Close()
	call(server.URL, "AdminCreateUser", `{"UserPoolId": "us-east-1_another01", "Username": "eve"}`, &exampleRoot)
	before := string(call(server.URL, "DescribeUserPool", `{"UserPoolId": "`+examplePool+`"}`, &exampleRoot))
	for what, try := range map[string]func() (*node.Node, error){
		"a client loses its secret": func() (*node.Node, error) { return open("6", "") },
		"somebody has the name": func() (*node.Node, error) {
			return open("6", "first0secret0of0the0client", config.User{Name: "eve", Password: "Correct-Horse-7-Battery"})
		},
	} {
		if _, err := try(); err == nil {
			t.Errorf("%s: no error", what)
		}
		if after := string(call(server.URL, "DescribeUserPool", `{"UserPoolId": "`+examplePool+`"}`, &exampleRoot)); after != before {
			t.Errorf("%s: the pool was %s and is %s", what, before, after)
		}
	}
}
