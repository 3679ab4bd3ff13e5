package awsjson_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/api"
	"github.com/sluicegate/sluice/api/cognitoidentity"
	"github.com/sluicegate/sluice/api/cognitoidp"
	"github.com/sluicegate/sluice/authz/principal"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/server/awsjson"
	"github.com/sluicegate/sluice/server/rpc"
)

var update = flag.Bool("update", false, "write the golden files")

// gate is an rpc.Authorizer that decides by the value of the Authorization header, in place of SigV4 and policies.
type gate struct{}

func (gate) Authenticate(_ context.Context, c *rpc.Call) error {
	switch c.Request.Header.Get("Authorization") {
	case "":
		return fault.New(fault.MissingAuthenticationToken, "Missing Authentication Token")
	case "expired":
		return fault.New(fault.ExpiredToken, "The security token included in the request is expired")
	case "nobody":
		return nil
	}
	c.Principal = &principal.Principal{Kind: principal.Root}
	return nil
}

func (gate) Authorize(_ context.Context, c *rpc.Call) error {
	if c.Request.Header.Get("Authorization") == "stranger" {
		return fault.New(fault.AccessDenied, "User: arn:aws:iam::123456789012:user/stranger is not authorized to perform: %s:%s",
			c.API.ID, c.Operation.Name)
	}
	return nil
}

var pools = rpc.Registry{
	"SignUp": rpc.Handle(func(context.Context, *rpc.Call, *cognitoidp.SignUpRequest) (*cognitoidp.SignUpResponse, error) {
		return &cognitoidp.SignUpResponse{UserConfirmed: new(false), UserSub: new("0f6c5b1e-6f0a-4c1e-9d2b-6a3f0d7f9b10")}, nil
	}),
	"AdminGetUser": rpc.Handle(func(_ context.Context, c *rpc.Call, in *cognitoidp.AdminGetUserRequest) (*cognitoidp.AdminGetUserResponse, error) {
		switch api.Value(in.Username) {
		case "nobody":
			return nil, fault.New(fault.UserNotFound, "User does not exist.")
		case "broken":
			return nil, errors.New("disk on fire at /secret/path")
		case "down":
			return nil, fault.New(fault.Unavailable, "The store does not answer.")
		case "undeclared":
			return nil, fault.New(fault.GroupExists, "A group already exists with the name")
		}
		return &cognitoidp.AdminGetUserResponse{Username: in.Username, Enabled: new(true),
			UserCreateDate: api.At(time.UnixMilli(1700000000250))}, nil
	}),
	"AdminAddUserToGroup": rpc.Handle(func(context.Context, *rpc.Call, *cognitoidp.AdminAddUserToGroupRequest) (*api.Empty, error) {
		return nil, nil
	}),
	"AddUserPoolClientSecret": rpc.Handle(func(context.Context, *rpc.Call, *cognitoidp.AddUserPoolClientSecretRequest) (
		*cognitoidp.AddUserPoolClientSecretResponse, error) {
		return nil, errors.New("no")
	}),
}

var identities = rpc.Registry{
	"DescribeIdentityPool": rpc.Handle(func(context.Context, *rpc.Call, *cognitoidentity.DescribeIdentityPoolInput) (*cognitoidentity.IdentityPool, error) {
		return nil, fault.New(fault.ResourceNotFound, "IdentityPool 'us-east-1:0' not found.")
	}),
	"GetId": rpc.Handle(func(context.Context, *rpc.Call, *cognitoidentity.GetIdInput) (*cognitoidentity.GetIdResponse, error) {
		return nil, fault.New(fault.InvalidIdentityPoolSetup, "Invalid identity pool configuration.")
	}),
}

func dispatcher(t testing.TB, log io.Writer, strict bool) http.Handler {
	t.Helper()
	d, err := awsjson.New(awsjson.Config{
		APIs:       []rpc.API{{Service: &cognitoidp.API, Registry: pools}, {Service: &cognitoidentity.API, Registry: identities}},
		Authorizer: gate{}, Log: slog.New(slog.NewTextHandler(log, nil)), Rand: zeros{}, StrictErrors: strict,
	})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

const idp, identity = "AWSCognitoIdentityProviderService.", "AWSCognitoIdentityService."

func request(target, authorization, body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	r.Header.Set("Content-Type", awsjson.ContentType)
	r.Header.Set("X-Amz-Target", target)
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	return r
}

// dump returns an answer as it is sent, with sorted headers.
func dump(rec *httptest.ResponseRecorder) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "HTTP/1.1 %d\n", rec.Code)
	var names []string
	for name := range rec.Header() {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		fmt.Fprintf(&b, "%s: %s\n", name, strings.Join(rec.Header()[name], ", "))
	}
	fmt.Fprintf(&b, "\n%s\n", rec.Body)
	return b.Bytes()
}

func TestAnswers(t *testing.T) {
	const jane = `{"UserPoolId":"us-east-1_Ab3","Username":"jane"}`
	with := func(r *http.Request, change func(*http.Request)) *http.Request { change(r); return r }
	for name, r := range map[string]*http.Request{
		"output":                      request(idp+"AdminGetUser", "root", jane),
		"no_output":                   request(idp+"AdminAddUserToGroup", "root", `{"UserPoolId":"us-east-1_Ab3","Username":"jane","GroupName":"g"}`),
		"unsigned_needs_no_signature": request(idp+"SignUp", "", `{"ClientId":"abc","Username":"jane"}`),
		"unsigned_ignores_signature":  request(idp+"SignUp", "expired", `{"ClientId":"abc","Username":"jane"}`),
		"declared_error":              request(idp+"AdminGetUser", "root", `{"UserPoolId":"us-east-1_Ab3","Username":"nobody"}`),
		"internal_error":              request(idp+"AdminGetUser", "root", `{"UserPoolId":"us-east-1_Ab3","Username":"broken"}`),
		"internal_error_newer_name":   request(idp+"AddUserPoolClientSecret", "root", `{"UserPoolId":"us-east-1_Ab3","ClientId":"abc"}`),
		"unavailable":                 request(idp+"AdminGetUser", "root", `{"UserPoolId":"us-east-1_Ab3","Username":"down"}`),
		"undeclared_error":            request(idp+"AdminGetUser", "root", `{"UserPoolId":"us-east-1_Ab3","Username":"undeclared"}`),
		"validation_idp":              request(idp+"AdminGetUser", "root", `{"UserPoolId":"nowhere"}`),
		"validation_identity":         request(identity+"DescribeIdentityPool", "root", `{"IdentityPoolId":"us-east-1:ABC"}`),
		"identity_not_found":          request(identity+"DescribeIdentityPool", "root", `{"IdentityPoolId":"us-east-1:0"}`),
		"identity_renamed_kind":       request(identity+"GetId", "", `{"IdentityPoolId":"us-east-1:0"}`),
		"serialization":               request(idp+"AdminGetUser", "root", `{"UserPoolId":1}`),
		"malformed":                   request(idp+"AdminGetUser", "root", `{"UserPoolId"`),
		"no_signature_before_parsing": request(idp+"AdminGetUser", "", `{"UserPoolId"`),
		"expired_credentials":         request(idp+"AdminGetUser", "expired", jane),
		"authorizer_names_nobody":     request(idp+"AdminGetUser", "nobody", jane),
		"access_denied":               request(idp+"AdminGetUser", "stranger", jane),
		"unknown_operation":           request(idp+"MakeCoffee", "root", jane),
		"unknown_target":              request("DynamoDB_20120810.GetItem", "root", jane),
		"no_target":                   request("", "root", jane),
		"not_implemented":             request(idp+"ListDevices", "", `{"AccessToken":"a"}`),
		"too_large":                   request(idp+"SignUp", "", strings.Repeat(" ", rpc.MaxBody+1)),
		"too_large_without_length": with(request(idp+"SignUp", "", strings.Repeat(" ", rpc.MaxBody+1)),
			func(r *http.Request) { r.ContentLength = -1 }),
		"as_large_as_may_be": request(idp+"SignUp", "", strings.Repeat(" ", rpc.MaxBody)),
		"get":                with(request(idp+"AdminGetUser", "root", jane), func(r *http.Request) { r.Method = http.MethodGet }),
		"wrong_content_type": with(request(idp+"AdminGetUser", "root", jane), func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") }),
		"charset_is_no_harm": with(request(idp+"AdminGetUser", "root", jane), func(r *http.Request) { r.Header.Set("Content-Type", awsjson.ContentType+"; charset=utf-8") }),
		"preflight": with(request("", "", ""), func(r *http.Request) {
			r.Method = http.MethodOptions
			r.Header.Set("Origin", "https://app.example.com")
			r.Header.Set("Access-Control-Request-Method", "POST")
			r.Header.Set("Access-Control-Request-Headers", "content-type,x-amz-target,x-amz-user-agent")
		}),
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			rec := httptest.NewRecorder()
			dispatcher(t, &log, false).ServeHTTP(rec, r)
			if rec.Code >= 500 != strings.Contains(log.String(), "request_id=00000000-0000-4000-8000-000000000000") {
				t.Errorf("log of a %d: %s", rec.Code, &log)
			}
			golden := filepath.Join("testdata", name+".golden")
			if *update {
				if err := os.WriteFile(golden, dump(rec), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got := dump(rec); !bytes.Equal(got, want) {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

func TestTheDetailOfAnInternalErrorIsLoggedAndNotAnswered(t *testing.T) {
	var log bytes.Buffer
	rec := httptest.NewRecorder()
	dispatcher(t, &log, false).ServeHTTP(rec, request(idp+"AdminGetUser", "root", `{"UserPoolId":"us-east-1_Ab3","Username":"broken"}`))
	if strings.Contains(rec.Body.String(), "fire") || !strings.Contains(log.String(), "disk on fire") {
		t.Errorf("answer %s\nlog %s", rec.Body, &log)
	}
}

func TestStrictErrorsCatchesUndeclaredErrors(t *testing.T) {
	for name, status := range map[string]int{"undeclared": 500, "nobody": 400, "down": 503} {
		var log bytes.Buffer
		rec := httptest.NewRecorder()
		dispatcher(t, &log, true).ServeHTTP(rec, request(idp+"AdminGetUser", "root", `{"UserPoolId":"us-east-1_Ab3","Username":"`+name+`"}`))
		if rec.Code != status {
			t.Errorf("%s: %d %s", name, rec.Code, rec.Body)
		}
		if name == "undeclared" && !strings.Contains(log.String(), "AdminGetUser does not declare GroupExistsException") {
			t.Errorf("log: %s", &log)
		}
	}
}

func TestNewRefusesARegistryThatDoesNotFit(t *testing.T) {
	signUp := pools["SignUp"]
	for name, tc := range map[string]struct {
		registry rpc.Registry
		want     string
	}{
		"an operation that is none":    {rpc.Registry{"MakeCoffee": signUp}, "cognito-idp has no operation MakeCoffee"},
		"the function of another":      {rpc.Registry{"AdminGetUser": signUp}, "cognito-idp:AdminGetUser is a function from cognitoidp.SignUpRequest"},
		"an output where none belongs": {rpc.Registry{"DeleteGroup": signUp}, "want from cognitoidp.DeleteGroupRequest to api.Empty"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := awsjson.New(awsjson.Config{APIs: []rpc.API{{Service: &cognitoidp.API, Registry: tc.registry}},
				Authorizer: gate{}, Log: slog.Default(), Rand: zeros{}})
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %s", err, tc.want)
			}
		})
	}
	if _, err := awsjson.New(awsjson.Config{}); err == nil {
		t.Error("a dispatcher without a gate")
	}
}

func BenchmarkAdminGetUser(b *testing.B) {
	d := dispatcher(b, io.Discard, false)
	for b.Loop() {
		rec := httptest.NewRecorder()
		d.ServeHTTP(rec, request(idp+"AdminGetUser", "root", `{"UserPoolId":"us-east-1_Ab3","Username":"jane"}`))
		if rec.Code != 200 {
			b.Fatal(rec.Body)
		}
	}
}
