package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentity"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"

	"github.com/sluicegate/sluice/e2e/harness"
)

// TestTheAuditLogSaysWhoDidWhat looks at the file after a user was made, signed in, was refused and signed out.
func TestTheAuditLogSaysWhoDidWhat(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "audit.jsonl")
	s := harness.Start(t, harness.Config{Global: "audit_log on", Edit: func(text string) string {
		return strings.Replace(text, "\tservers {", "\tlog audit {\n\t\tinclude sluice.audit\n\t\toutput file "+file+"\n\t}\n\tservers {", 1)
	}})
	makeUser(t, s, "rita", "readers")
	tokens := signIn(t, s, "rita")
	_, err := s.Users(harness.Anonymous).InitiateAuth(t.Context(), passwordAuth("my-password-in-the-wrong-field", "wrong"))
	wantCode(t, "a wrong name", err, "NotAuthorizedException")
	s.Reload(t) // the services outlive the configuration, and its log
	if _, err := s.Users(harness.Anonymous).GlobalSignOut(t.Context(), &cip.GlobalSignOutInput{AccessToken: tokens.AccessToken}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Users(harness.Admin).AdminDeleteUser(t.Context(), &cip.AdminDeleteUserInput{UserPoolId: aws.String(harness.Pool), Username: aws.String("rita")}); err != nil {
		t.Fatal(err)
	}
	type record struct {
		Operation, Result, Actor, From string
		Target                         map[string]string
	}
	var text []byte
	s.Await(t, func() bool {
		if text, err = os.ReadFile(file); err != nil {
			t.Fatal(err)
		}
		return strings.Contains(string(text), "AdminDeleteUser")
	})
	root := "arn:aws:iam::" + harness.Account + ":root"
	wanted := []record{
		{"cognito-idp:AdminCreateUser", "ok", root, "127.0.0.1", map[string]string{"UserPoolId": harness.Pool, "Username": "rita"}},
		{"cognito-idp:AdminSetUserPassword", "ok", root, "127.0.0.1", map[string]string{"UserPoolId": harness.Pool, "Username": "rita"}},
		{"cognito-idp:AdminAddUserToGroup", "ok", root, "127.0.0.1", map[string]string{"UserPoolId": harness.Pool, "Username": "rita", "GroupName": "readers"}},
		{"cognito-idp:InitiateAuth", "ok", "anonymous", "127.0.0.1", map[string]string{"ClientId": harness.Client, "AuthFlow": "USER_PASSWORD_AUTH", "Username": "rita"}},
		{"cognito-idp:InitiateAuth", "NotAuthorized", "anonymous", "127.0.0.1", map[string]string{"ClientId": harness.Client, "AuthFlow": "USER_PASSWORD_AUTH"}},
		{"cognito-idp:GlobalSignOut", "ok", "user:", "127.0.0.1", map[string]string{}},
		{"cognito-idp:AdminDeleteUser", "ok", root, "127.0.0.1", map[string]string{"UserPoolId": harness.Pool, "Username": "rita"}},
	}
	for i, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		var got record
		if err := json.Unmarshal([]byte(line), &got); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if i >= len(wanted) {
			t.Errorf("one more: %s", line)
			continue
		}
		want := wanted[i]
		same := got.Operation == want.Operation && got.Result == want.Result && strings.HasPrefix(got.Actor, want.Actor) && got.From == want.From && len(got.Target) == len(want.Target)
		for name, value := range want.Target {
			same = same && got.Target[name] == value
		}
		if !same {
			t.Errorf("got  %s\nwant %+v", line, want)
		}
	}
	for _, secret := range []string{password, "my-password-in-the-wrong-field", *tokens.AccessToken, *tokens.RefreshToken, harness.RootSecret} {
		if strings.Contains(string(text), secret) {
			t.Errorf("the audit log has %q", secret)
		}
	}
}

// TestExplainFindsARefusedCall has a guest ask about a user pool, and looks the refusal up by the id of its decision.
func TestExplainFindsARefusedCall(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "audit.jsonl")
	s := harness.Start(t, harness.Config{Global: "audit_log on", Edit: func(text string) string {
		return strings.Replace(text, "\tservers {", "\tlog audit {\n\t\tinclude sluice.audit\n\t\toutput file "+file+"\n\t}\n\tservers {", 1)
	}})
	guests := s.Identities(harness.Anonymous)
	guest, err := guests.GetId(t.Context(), &cognitoidentity.GetIdInput{IdentityPoolId: aws.String(harness.IdentityPool)})
	ok(t, err)
	got, err := guests.GetCredentialsForIdentity(t.Context(), &cognitoidentity.GetCredentialsForIdentityInput{IdentityId: guest.IdentityId})
	ok(t, err)
	keys := harness.Keys(*got.Credentials.AccessKeyId, *got.Credentials.SecretKey, *got.Credentials.SessionToken)
	_, err = s.Users(keys).DescribeUserPool(t.Context(), &cip.DescribeUserPoolInput{UserPoolId: aws.String(harness.Pool)})
	wantCode(t, "a guest", err, "AccessDeniedException")
	var id []string
	s.Await(t, func() bool {
		text, err := os.ReadFile(file)
		ok(t, err)
		id = regexp.MustCompile(`"decision_id":"([0-9a-f]{16})"`).FindStringSubmatch(string(text))
		return id != nil
	})
	told, err := s.Command("explain", "--address", s.Admin, id[1])
	if err != nil || !strings.HasPrefix(told, "refused: AccessDenied\ncall       cognito-idp:DescribeUserPool\n") || !strings.Contains(told, "target     UserPoolId "+harness.Pool) || !strings.Contains(told, ":assumed-role/notes-guest/") {
		t.Errorf("%v\n%s", err, told)
	}
	if told, err := s.Command("explain", "--address", s.Admin, "0123456789abcdef"); err == nil || !strings.Contains(told+err.Error(), "audit log, by decision_id") {
		t.Errorf("an unknown decision: %v\n%s", err, told)
	}
}

// TestAChangedAuditLogIsNoticed verifies a chain over a reload, a kill and a restart, and finds what was changed.
func TestAChangedAuditLogIsNoticed(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "audit.jsonl")
	s := harness.Start(t, harness.Config{Alone: true, Global: "audit_log {\n\tchain on\n}", Edit: func(text string) string {
		return strings.Replace(text, "\tservers {", "\tlog audit {\n\t\tinclude sluice.audit\n\t\toutput file "+file+"\n\t}\n\tservers {", 1)
	}})
	verify := func(args ...string) (string, error) {
		return s.Command(append([]string{"audit", "verify", "--config", s.Caddyfile, "--adapter", "caddyfile"}, args...)...)
	}
	makeUser(t, s, "rita", "readers")
	s.Reload(t)
	if _, err := s.Users(harness.Admin).AdminDeleteUser(t.Context(), &cip.AdminDeleteUserInput{UserPoolId: aws.String(harness.Pool), Username: aws.String("rita")}); err != nil {
		t.Fatal(err)
	}
	if out, err := verify(file); err != nil || !strings.Contains(out, "records 1 to ") {
		t.Fatalf("%v\n%s", err, out)
	}
	s.Await(t, func() bool { // the store has the last record within a second
		out, err := verify("--complete", file)
		return err == nil && strings.Contains(out, "the end is the one that the store knows")
	})
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(strings.TrimSuffix(string(whole), "\n"), "\n")
	for name, test := range map[string]struct{ text, says string }{
		"changed":  {strings.Replace(string(whole), `"Username":"rita"`, `"Username":"ruth"`, 1), "was changed"},
		"left out": {strings.Join(append(lines[:1:1], lines[2:]...), ""), "missing"},
		"cut off":  {strings.Join(lines[:len(lines)-1], ""), "cut off"},
	} {
		copied := filepath.Join(t.TempDir(), "copy.jsonl")
		if err := os.WriteFile(copied, []byte(test.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if out, err := verify(copied); err == nil || !strings.Contains(out, test.says) {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
}
