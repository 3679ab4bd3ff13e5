package sts_test

import (
	"encoding/json"
	"encoding/xml"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/authz/assertion/assertiontest"
	"github.com/sluicegate/sluice/credentials/sigv4"
	"github.com/sluicegate/sluice/iam"
	"github.com/sluicegate/sluice/identitypool"
	"github.com/sluicegate/sluice/server/caller/callertest"
)

// story makes calls in sequence and compares each with a golden file.
type story struct {
	*callertest.World
	t *testing.T
}

func (s *story) call(by sigv4.Credentials, operation, name string, pairs ...string) *httptest.ResponseRecorder {
	s.t.Helper()
	rec := s.Query("sts", operation, by, pairs...)
	var input strings.Builder
	input.WriteString("Action=" + operation)
	for i := 0; i < len(pairs); i += 2 {
		input.WriteString("\n" + pairs[i] + "=" + pairs[i+1])
	}
	callertest.Golden(s.t, operation, name, input.String(), rec)
	return rec
}

func TestEveryOperationAnswersLikeAWS(t *testing.T) {
	s := &story{callertest.New(t), t}
	role := s.Role("editor", callertest.AccountTrust(), callertest.AllowAll)
	none := s.Role("none", callertest.AccountTrust())
	anonymous := sigv4.Credentials{}
	s.call(s.Root, "GetCallerIdentity", "root")
	s.call(s.As(role), "GetCallerIdentity", "role session")
	s.call(s.As(none), "GetCallerIdentity", "role without any policy")
	s.call(anonymous, "GetCallerIdentity", "unsigned")

	s.call(s.Root, "AssumeRole", "least", "RoleArn", role, "RoleSessionName", "alice")
	s.call(s.Root, "AssumeRole", "full", "RoleArn", role, "RoleSessionName", "alice", "DurationSeconds", "900", "Policy", callertest.AllowAll,
		"PolicyArns.member.1.arn", "arn:aws:iam::aws:policy/AdministratorAccess", "Tags.member.1.Key", "team", "Tags.member.1.Value", "blue",
		"TransitiveTagKeys.member.1", "team", "SourceIdentity", "alice")
	s.call(s.As(none), "AssumeRole", "not allowed", "RoleArn", role, "RoleSessionName", "alice")
	s.call(s.As(s.Role("plain", callertest.AccountTrust(), `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*"}}`)),
		"AssumeRole", "tags not allowed", "RoleArn", role, "RoleSessionName", "alice", "Tags.member.1.Key", "team", "Tags.member.1.Value", "blue")
	s.call(s.Root, "AssumeRole", "unknown role", "RoleArn", role+"x", "RoleSessionName", "alice")
	s.call(s.Root, "AssumeRole", "too long", "RoleArn", role, "RoleSessionName", "alice", "DurationSeconds", "43200")
	s.call(s.As(role), "AssumeRole", "chained too long", "RoleArn", role, "RoleSessionName", "alice", "DurationSeconds", "3601")
	s.call(s.Root, "AssumeRole", "constraints", "RoleArn", role, "RoleSessionName", "a", "DurationSeconds", "1")
	s.call(s.Root, "AssumeRole", "bad policy", "RoleArn", role, "RoleSessionName", "alice", "Policy", "{}")
	s.call(s.Root, "AssumeRole", "multi factor", "RoleArn", role, "RoleSessionName", "alice", "SerialNumber", "arn:aws:iam::123456789012:mfa/x", "TokenCode", "123456")
	s.call(s.Root, "GetSessionToken", "root", "DurationSeconds", "900")
	s.call(s.As(role), "GetSessionToken", "role session")
	s.call(s.Root, "GetFederationToken", "root", "Name", "bob", "Policy", callertest.AllowAll)
	s.call(s.Root, "GetFederationToken", "without a policy", "Name", "bob")
	s.call(s.Root, "GetAccessKeyInfo", "root", "AccessKeyId", s.Root.AccessKeyID)
	s.call(s.Root, "GetAccessKeyInfo", "unknown", "AccessKeyId", "AKIANOBODYNOBODYNOBO")
	s.call(s.Root, "DecodeAuthorizationMessage", "another message", "EncodedMessage", "x")
	s.call(s.As(none), "DecodeAuthorizationMessage", "not allowed", "EncodedMessage", "x")
	assumeWithSAML(s)

	pool, err := s.Pools.Create(t.Context(), "p", identitypool.Settings{Guests: true, Classic: true})
	must(t, err)
	user, guest := s.Role("user", iam.PoolTrust(pool.ID, true), callertest.AllowAll), s.Role("guest", iam.PoolTrust(pool.ID, false), callertest.AllowAll)
	id, err := s.Pools.GetID(t.Context(), pool.ID, "", nil)
	must(t, err)
	token, err := s.Pools.GetOpenIDToken(t.Context(), id, nil)
	must(t, err)
	s.call(anonymous, "AssumeRoleWithWebIdentity", "guest", "RoleArn", guest, "RoleSessionName", "web", "WebIdentityToken", token.Token)
	s.call(anonymous, "AssumeRoleWithWebIdentity", "role of others", "RoleArn", user, "RoleSessionName", "web", "WebIdentityToken", token.Token)
	s.call(anonymous, "AssumeRoleWithWebIdentity", "unknown issuer", "RoleArn", user, "RoleSessionName", "web", "WebIdentityToken", s.IDToken("alice", nil))
	s.call(anonymous, "AssumeRoleWithWebIdentity", "no token", "RoleArn", user, "RoleSessionName", "web")
	s.SetNow(s.Now().Add(3600e9))
	s.call(anonymous, "AssumeRoleWithWebIdentity", "expired", "RoleArn", guest, "RoleSessionName", "web", "WebIdentityToken", token.Token)
}

// The names in an answer are those that the credentials have in later calls.
func TestTheCredentialsOfAnAnswerWork(t *testing.T) {
	s := &story{callertest.New(t), t}
	role := s.Role("editor", callertest.AccountTrust(), callertest.AllowAll)
	rec := s.Query("sts", "AssumeRole", s.Root, "RoleArn", role, "RoleSessionName", "alice")
	var out struct {
		Result struct {
			Credentials struct {
				AccessKeyID                   string `xml:"AccessKeyId"`
				SecretAccessKey, SessionToken string
			}
			User struct{ Arn string } `xml:"AssumedRoleUser"`
		} `xml:"AssumeRoleResult"`
	}
	must(t, xml.Unmarshal(rec.Body.Bytes(), &out))
	by := sigv4.Credentials{AccessKeyID: out.Result.Credentials.AccessKeyID, SecretAccessKey: out.Result.Credentials.SecretAccessKey, SessionToken: out.Result.Credentials.SessionToken}
	if got := s.Query("sts", "GetCallerIdentity", by); got.Code != http.StatusOK || !strings.Contains(got.Body.String(), "<Arn>"+out.Result.User.Arn+"</Arn>") {
		t.Errorf("%d %s, want %s", got.Code, got.Body, out.Result.User.Arn)
	}
	if got := s.JSON("ListIdentityPools", map[string]any{"MaxResults": 1}, by); got.Code != http.StatusOK || !json.Valid(got.Body.Bytes()) {
		t.Errorf("another service with these credentials: %d %s", got.Code, got.Body)
	}
}

// A refused call says why, to those who may know.
func TestARefusalCanBeDecoded(t *testing.T) {
	s := &story{callertest.New(t), t}
	guarded := s.Role("guarded", callertest.AccountTrust(), callertest.AllowAll, `{"Version":"2012-10-17","Statement":{"Sid":"NoTokens","Effect":"Deny","Action":"sts:GetFederationToken",
		"Resource":"*","Condition":{"StringLike":{"aws:PrincipalArn":"*/guarded"}}}}`)
	none := s.Role("none", callertest.AccountTrust())
	decode := func(by sigv4.Credentials, refused *httptest.ResponseRecorder) (out struct {
		Allowed, ExplicitDeny bool
		MatchedStatements     struct {
			Items []struct{ StatementID, Effect string }
		}
		Context struct {
			Principal        struct{ ID, ARN string }
			Action, Resource string
			Conditions       struct {
				Items []struct {
					Key    string
					Values struct{ Items []struct{ Value string } }
				}
			}
		}
	},
	) {
		t.Helper()
		encoded := refused.Header().Get("x-sluice-authorization-message")
		if refused.Code != http.StatusForbidden || encoded == "" || strings.Contains(refused.Body.String(), encoded) {
			t.Fatalf("%d %s with the message %q", refused.Code, refused.Body, encoded)
		}
		var answer struct {
			Message string `xml:"DecodeAuthorizationMessageResult>DecodedMessage"`
		}
		rec := s.Query("sts", "DecodeAuthorizationMessage", by, "EncodedMessage", encoded)
		must(t, xml.Unmarshal(rec.Body.Bytes(), &answer))
		must(t, json.Unmarshal([]byte(answer.Message), &out))
		return out
	}
	implicit := decode(s.Root, s.Query("iam", "GetRole", s.As(none), "RoleName", "guarded"))
	if implicit.Allowed || implicit.ExplicitDeny || implicit.Context.Action != "iam:GetRole" || implicit.Context.Resource != guarded ||
		!strings.HasSuffix(implicit.Context.Principal.ARN, ":assumed-role/none/callertest") && !strings.Contains(implicit.Context.Principal.ARN, ":assumed-role/none/") || len(implicit.Context.Conditions.Items) == 0 {
		t.Errorf("%+v", implicit)
	}
	explicit := decode(s.As(guarded), s.Query("sts", "GetFederationToken", s.As(guarded), "Name", "bob"))
	if !explicit.ExplicitDeny || len(explicit.MatchedStatements.Items) != 1 || explicit.MatchedStatements.Items[0].StatementID != "NoTokens" || explicit.MatchedStatements.Items[0].Effect != "DENY" {
		t.Errorf("%+v", explicit)
	}
	if refused := s.Query("sts", "DecodeAuthorizationMessage", s.As(none), "EncodedMessage", "x"); refused.Code != http.StatusForbidden {
		t.Errorf("a caller without the permission: %d %s", refused.Code, refused.Body)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// assumeWithSAML plays AssumeRoleWithSAML. Its assertions differ in every run, so that the golden files show their names.
func assumeWithSAML(s *story) {
	t := s.t
	p := assertiontest.New(t, "https://idp.example.com/metadata", s.Now())
	provider, err := s.IAM.CreateSAMLProvider(t.Context(), iam.SAMLProvider{Name: "corp", Metadata: p.Metadata()}, "")
	must(t, err)
	role := s.Role("federated", []byte(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Federated":"`+provider.ARN+`"},
		"Action":"sts:AssumeRoleWithSAML","Condition":{"StringEquals":{"saml:aud":"https://signin.aws.amazon.com/saml"}}}}`), callertest.AllowAll)
	const attribute = "https://aws.amazon.com/SAML/Attributes/"
	answer := assertiontest.Answer{Recipient: "https://signin.aws.amazon.com/saml", Audience: "urn:amazon:webservices", NameID: "alice", SignAssertion: true,
		Format: "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent", IssuedAt: s.Now(), NotBefore: s.Now(), Until: s.Now().Add(300e9),
		Attributes: [][]string{{attribute + "Role", role + "," + provider.ARN}, {attribute + "RoleSessionName", "alice@example.com"}}}
	call := func(name, role, provider string, a assertiontest.Answer) {
		t.Helper()
		rec := s.Query("sts", "AssumeRoleWithSAML", sigv4.Credentials{}, "RoleArn", role, "PrincipalArn", provider, "SAMLAssertion", p.Response(t, a))
		callertest.Golden(t, "AssumeRoleWithSAML", name, "Action=AssumeRoleWithSAML\nRoleArn="+role+"\nPrincipalArn="+provider+"\nSAMLAssertion={response}", rec)
	}
	call("role", role, provider.ARN, answer)
	call("another role", role+"x", provider.ARN, answer)
	call("unknown provider", role, provider.ARN+"x", answer)
	late, other, unsigned := answer, answer, answer
	late.IssuedAt, late.NotBefore = s.Now().Add(-600e9), s.Now().Add(-600e9)
	call("late", role, provider.ARN, late)
	other.Audience = "https://other.example.com"
	call("another audience", role, provider.ARN, other)
	unsigned.SignAssertion = false
	call("not signed", role, provider.ARN, unsigned)
}
