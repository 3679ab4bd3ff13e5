package query_test

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
	"github.com/sluicegate/sluice/api/iam"
	"github.com/sluicegate/sluice/api/sts"
	"github.com/sluicegate/sluice/authz/principal"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/server/query"
	"github.com/sluicegate/sluice/server/rpc"
)

var update = flag.Bool("update", false, "write the golden files")

// gate is an rpc.Authorizer that decides by the value of the Authorization header, in place of SigV4 and policies.
type gate struct{}

func (gate) Authenticate(_ context.Context, c *rpc.Call) error {
	switch c.Request.Header.Get("Authorization") {
	case "":
		return fault.New(fault.MissingAuthenticationToken, "Request is missing Authentication Token")
	case "expired":
		return fault.New(fault.ExpiredToken, "The security token included in the request is expired")
	case "unknown":
		return fault.New(fault.UnrecognizedClient, "The security token included in the request is invalid.")
	case "forged":
		return fault.New(fault.InvalidSignature, "The request signature we calculated does not match the signature you provided.")
	case "half":
		return fault.New(fault.IncompleteSignature, "Authorization header requires 'Signature' parameter.")
	}
	c.Principal = &principal.Principal{Kind: principal.Root}
	return nil
}

func (gate) Authorize(_ context.Context, c *rpc.Call) error {
	if c.Request.Header.Get("Authorization") == "stranger" {
		return fault.New(fault.AccessDenied, "User: stranger is not authorized to perform: %s:%s", c.API.ID, c.Operation.Name)
	}
	return nil
}

// refusals are the errors of AssumeRoleWithWebIdentity, by token.
var refusals = map[string]error{
	"expired":  fault.New(fault.ExpiredToken, "Token expired: current date/time must be before the expiration date/time"),
	"forged":   fault.New(fault.InvalidIdentityToken, "Incorrect token audience"),
	"rejected": fault.New(fault.RejectedClaim, "Invalid claim"),
	"remote":   fault.New(fault.ExternalService, "Couldn't retrieve verification key from your identity provider"),
	"packed":   fault.New(fault.PackedPolicyTooLarge, "PackedSize: 120%"),
	"policy":   fault.New(fault.MalformedPolicy, "Syntax errors in policy."),
	"trust":    fault.New(fault.AccessDenied, "Not authorized to perform sts:AssumeRoleWithWebIdentity"),
	"duration": fault.New(fault.Validation, "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."),
	"busy":     fault.New(fault.TooManyRequests, "Rate exceeded"),
	"broken":   errors.New("disk on fire at /secret/path"),
	"conflict": fault.New(fault.DeleteConflict, "no error of STS"),
}

var tokens = rpc.Registry{
	"GetCallerIdentity": rpc.Handle(func(context.Context, *rpc.Call, *sts.GetCallerIdentityRequest) (*sts.GetCallerIdentityResponse, error) {
		return &sts.GetCallerIdentityResponse{Account: new("123456789012"), Arn: new("arn:aws:iam::123456789012:root"), UserId: new("123456789012")}, nil
	}),
	"AssumeRoleWithWebIdentity": rpc.Handle(func(_ context.Context, _ *rpc.Call, in *sts.AssumeRoleWithWebIdentityRequest) (
		*sts.AssumeRoleWithWebIdentityResponse, error) {
		if err := refusals[api.Value(in.WebIdentityToken)]; err != nil {
			return nil, err
		}
		return &sts.AssumeRoleWithWebIdentityResponse{PackedPolicySize: new(6), Credentials: &sts.Credentials{
			AccessKeyId: new("ASIAEXAMPLE000000000"), SecretAccessKey: new("s+/="), SessionToken: new("t"),
			Expiration: api.At(time.Unix(1700003600, 0))}}, nil
	}),
}

var roles = rpc.Registry{
	"DeleteRole": rpc.Handle(func(_ context.Context, _ *rpc.Call, in *iam.DeleteRoleRequest) (*api.Empty, error) {
		switch api.Value(in.RoleName) {
		case "nobody":
			return nil, fault.New(fault.NoSuchEntity, "The role with name nobody cannot be found.")
		case "full":
			return nil, fault.New(fault.DeleteConflict, "Cannot delete entity, must delete policies first.")
		}
		return nil, nil
	}),
	"UpdateRole": rpc.Handle(func(context.Context, *rpc.Call, *iam.UpdateRoleRequest) (*iam.UpdateRoleResponse, error) {
		return nil, nil
	}),
	"CreateRole": rpc.Handle(func(context.Context, *rpc.Call, *iam.CreateRoleRequest) (*iam.CreateRoleResponse, error) {
		return nil, fault.New(fault.InvalidParameter, "Duplicate tag keys found.")
	}),
}

func dispatcher(t testing.TB, log io.Writer, strict bool) http.Handler {
	t.Helper()
	d, err := query.New(query.Config{
		APIs:       []rpc.API{{Service: &sts.API, Registry: tokens}, {Service: &iam.API, Registry: roles}},
		Authorizer: gate{}, Log: slog.New(slog.NewTextHandler(log, nil)), Rand: zeros{}, StrictErrors: strict,
	})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

const (
	stsVersion = "Version=2011-06-15&"
	iamVersion = "Version=2010-05-08&"
)

func request(authorization, form string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(form))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	return r
}

func webIdentity(token string) *http.Request {
	return request("", stsVersion+"Action=AssumeRoleWithWebIdentity&RoleSessionName=me&WebIdentityToken="+token+
		"&RoleArn=arn:aws:iam::123456789012:role/r")
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
	identity := stsVersion + "Action=GetCallerIdentity"
	with := func(r *http.Request, change func(*http.Request)) *http.Request { change(r); return r }
	requests := map[string]*http.Request{
		"output":               request("root", identity),
		"get_with_parameters":  with(httptest.NewRequest(http.MethodGet, "/?"+identity, nil), func(r *http.Request) { r.Header.Set("Authorization", "root") }),
		"web_identity":         webIdentity("good"),
		"no_output":            request("root", iamVersion+"Action=DeleteRole&RoleName=r"),
		"empty_output":         request("root", iamVersion+"Action=UpdateRole&RoleName=r"),
		"iam_no_such_entity":   request("root", iamVersion+"Action=DeleteRole&RoleName=nobody"),
		"iam_delete_conflict":  request("root", iamVersion+"Action=DeleteRole&RoleName=full"),
		"iam_invalid_input":    request("root", iamVersion+"Action=CreateRole&RoleName=r&AssumeRolePolicyDocument=%7B%7D"),
		"missing_token":        request("", identity),
		"expired_credentials":  request("expired", identity),
		"unknown_access_key":   request("unknown", identity),
		"forged_signature":     request("forged", identity),
		"incomplete_signature": request("half", identity),
		"access_denied":        request("stranger", identity),
		"validation":           request("", stsVersion+"Action=AssumeRoleWithWebIdentity&DurationSeconds=1&RoleSessionName=a&RoleArn=x&WebIdentityToken=good"),
		"malformed":            request("", stsVersion+"Action=AssumeRoleWithWebIdentity&DurationSeconds=soon"),
		"not_url_encoded":      request("root", "Action=%"),
		"invalid_action":       request("root", stsVersion+"Action=MakeCoffee"),
		"version_of_another":   request("root", iamVersion+"Action=GetCallerIdentity"),
		"no_version":           request("root", "Action=GetCallerIdentity"),
		"two_actions":          request("root", identity+"&Action=AssumeRole"),
		"not_implemented":      request("root", stsVersion+"Action=GetFederationToken&Name=ab"),
		"too_large":            request("root", identity+"&x="+strings.Repeat("a", rpc.MaxBody)),
		"wrong_content_type":   with(request("root", identity), func(r *http.Request) { r.Header.Set("Content-Type", "application/json") }),
		"wrong_method":         with(request("root", identity), func(r *http.Request) { r.Method = http.MethodPut }),
		// minio/minio#8932 and source-cooperative/data.source.coop#184: AWS takes both.
		"post_without_a_body": with(httptest.NewRequest(http.MethodPost, "/?"+identity, nil), func(r *http.Request) { r.Header.Set("Authorization", "root") }),
		"post_without_a_form": with(request("root", ""), func(r *http.Request) { r.URL.RawQuery = identity }),
		"url_does_not_count_beside_a_body": with(request("root", "x=y"), func(r *http.Request) {
			r.URL.RawQuery = identity
		}),
	}
	json := func(r *http.Request) *http.Request { r.Header.Set("Accept", "application/json"); return r }
	requests["json"] = json(request("root", identity))
	requests["json_times_and_numbers"] = json(webIdentity("good"))
	requests["json_no_output"] = json(request("root", iamVersion+"Action=DeleteRole&RoleName=r"))
	requests["json_forged_signature"] = json(request("forged", identity))
	requests["json_invalid_action"] = json(request("root", stsVersion+"Action=MakeCoffee"))
	requests["json_broken"] = json(webIdentity("broken"))
	requests["json_of_several"] = with(request("root", identity), func(r *http.Request) { r.Header.Set("Accept", "Application/JSON; q=1, */*") })
	requests["xml_before_json"] = with(request("root", identity), func(r *http.Request) { r.Header.Set("Accept", "text/xml, application/json") })
	for token := range refusals {
		requests["refused_"+token] = webIdentity(token)
	}
	for name, r := range requests {
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
			if strings.Contains(rec.Body.String(), "fire") {
				t.Error("the detail of an internal error is answered")
			}
		})
	}
}

func TestStrictErrorsCatchesUndeclaredErrors(t *testing.T) {
	for token, status := range map[string]int{"conflict": 500, "expired": 400, "trust": 403, "duration": 400} {
		var log bytes.Buffer
		rec := httptest.NewRecorder()
		dispatcher(t, &log, true).ServeHTTP(rec, webIdentity(token))
		if rec.Code != status {
			t.Errorf("%s: %d %s", token, rec.Code, rec.Body)
		}
		if token == "conflict" && !strings.Contains(log.String(), "AssumeRoleWithWebIdentity does not declare DeleteConflict") {
			t.Errorf("log: %s", &log)
		}
	}
}

func TestNewRefusesARegistryThatDoesNotFit(t *testing.T) {
	_, err := query.New(query.Config{APIs: []rpc.API{{Service: &iam.API, Registry: tokens}}, Authorizer: gate{}, Log: slog.Default(), Rand: zeros{}})
	if err == nil || !strings.Contains(err.Error(), "iam has no operation AssumeRoleWithWebIdentity") {
		t.Errorf("got %v", err)
	}
	if _, err := query.New(query.Config{}); err == nil {
		t.Error("a dispatcher without a gate")
	}
}
