package audit_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http/httptest"
	"net/netip"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/api"
	"github.com/sluicegate/sluice/api/cognitoidentity"
	"github.com/sluicegate/sluice/api/cognitoidp"
	"github.com/sluicegate/sluice/api/iam"
	"github.com/sluicegate/sluice/api/kms"
	"github.com/sluicegate/sluice/api/sts"
	"github.com/sluicegate/sluice/authz/principal"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/server/audit"
	"github.com/sluicegate/sluice/server/rpc"
)

var services = []*api.Service{&cognitoidp.API, &cognitoidentity.API, &iam.API, &kms.API, &sts.API}

// fill sets every text of an input, however deep, to one that says where it is.
func fill(v reflect.Value, path string, depth int) {
	switch v.Kind() { //nolint:exhaustive // values of other kinds hold no text
	case reflect.Pointer:
		if v.IsNil() && depth < 8 {
			v.Set(reflect.New(v.Type().Elem()))
		}
		if !v.IsNil() {
			fill(v.Elem(), path, depth+1)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Field(i); f.CanSet() {
				fill(f, path+"."+v.Type().Field(i).Name, depth+1)
			}
		}
	case reflect.String:
		v.SetString("<" + path + ">")
	case reflect.Slice:
		if v.Type().Elem().Kind() != reflect.Uint8 && depth < 8 {
			v.Set(reflect.MakeSlice(v.Type(), 1, 1))
			fill(v.Index(0), path, depth+1)
		}
	case reflect.Map:
		if v.Type().Key().Kind() == reflect.String && v.Type().Elem().Kind() == reflect.String {
			v.Set(reflect.MakeMap(v.Type()))
			for _, key := range []string{"USERNAME", "PASSWORD", "SMS_MFA_CODE", "REFRESH_TOKEN", "SECRET_HASH", "NEW_PASSWORD"} {
				v.SetMapIndex(reflect.ValueOf(key).Convert(v.Type().Key()), reflect.ValueOf("<"+path+"."+key+">").Convert(v.Type().Elem()))
			}
		}
	}
}

// secret are words in the names of members whose values must not be logged.
var secret = regexp.MustCompile(`(?i)password|secret(_|>|$|Hash|Access)|code|token|session[^N]|signature|proof|credential|logins`)

// TestNoOperationPutsASecretIntoItsRecord fills all inputs of all operations.
func TestNoOperationPutsASecretIntoItsRecord(t *testing.T) {
	operations := 0
	for _, service := range services {
		for i := range service.Operations {
			op := &service.Operations[i]
			operations++
			input := op.NewInput()
			fill(reflect.ValueOf(input), "", 0)
			for name, by := range map[string]*principal.Principal{"signed": {ARN: "arn:aws:iam::1:role/x", AccessKeyID: "AKIA0"}, "anonymous": nil} {
				for _, err := range []error{nil, errors.New("<error.with.a.password>"), fault.New(fault.NotAuthorized, "no")} {
					record := fmt.Sprintf("%+v", audit.Of(call(service, op, input, by), netip.Addr{}, err))
					for _, value := range regexp.MustCompile(`<[^>]*>`).FindAllString(record, -1) {
						if secret.MatchString(value) {
							t.Errorf("%s:%s, %s: the record has %s", service.ID, op.Name, name, value)
						}
						if by == nil && err != nil && strings.Contains(strings.ToLower(value), "username") {
							t.Errorf("%s:%s: the record of an anonymous call that failed has %s", service.ID, op.Name, value)
						}
					}
				}
			}
		}
	}
	if operations < 150 {
		t.Errorf("only %d operations were looked at", operations)
	}
}

// Operations whose answers have credentials, tokens or the delivery of a code do more than read.
func TestOperationsThatGiveOrSendSomethingHaveARecord(t *testing.T) {
	given := regexp.MustCompile(`Credentials$|^AuthenticationResult$|^ClientAuthenticationResult$|^(Access|Id|Refresh|Session|OpenId)?Token$|^IdentityId$|CodeDelivery`)
	reads := []string{"DescribeIdentity", "LookupDeveloperIdentity", "ListWebAuthnCredentials"}
	for _, service := range services {
		for i := range service.Operations {
			op := &service.Operations[i]
			if op.NewOutput == nil || slices.Contains(reads, op.Name) {
				continue
			}
			output := reflect.TypeOf(op.NewOutput()).Elem()
			for j := range output.NumField() {
				if name := output.Field(j).Name; given.MatchString(name) && !audit.Wanted(op.Name, nil) {
					t.Errorf("%s:%s returns %s and has no record", service.ID, op.Name, name)
				}
			}
		}
	}
}

func call(service *api.Service, op *api.Operation, input any, by *principal.Principal) *rpc.Call {
	r := httptest.NewRequest("POST", "/", nil)
	r.Header.Set("User-Agent", strings.Repeat("a", 1000))
	return &rpc.Call{API: service, Operation: op, RequestID: "r-1", Request: r, Input: input, Principal: by, Region: "us-east-1"}
}

func operation(t *testing.T, name string) *api.Operation {
	t.Helper()
	for i := range cognitoidp.API.Operations {
		if op := &cognitoidp.API.Operations[i]; op.Name == name {
			return op
		}
	}
	t.Fatalf("no operation %s", name)
	return nil
}

func TestARecordSaysWhoDidWhatToWhom(t *testing.T) {
	pool, name := "us-east-1_notes0001", "rita"
	in := &cognitoidp.AdminDeleteUserRequest{UserPoolId: &pool, Username: &name}
	admin := &principal.Principal{ARN: "arn:aws:sts::123456789012:assumed-role/ops/ada", AccessKeyID: "ASIA1"}
	r := audit.Of(call(&cognitoidp.API, operation(t, "AdminDeleteUser"), in, admin), netip.MustParseAddr("192.0.2.7"), nil)
	want := audit.Record{Operation: "cognito-idp:AdminDeleteUser", RequestID: "r-1", Region: "us-east-1", Actor: admin.ARN, AccessKeyID: "ASIA1",
		From: netip.MustParseAddr("192.0.2.7"), Agent: strings.Repeat("a", 256) + "…", Target: map[string]string{"UserPoolId": pool, "Username": name}, Result: "ok"}
	if !reflect.DeepEqual(r, want) {
		t.Errorf("got  %+v\nwant %+v", r, want)
	}
}

func TestWhoSignedInIsNamedOnlyAfterSuccess(t *testing.T) {
	client := "1example23456789abcdefghij"
	in := &cognitoidp.InitiateAuthRequest{ClientId: &client, AuthParameters: map[string]string{"USERNAME": "rita", "PASSWORD": "hunter2"}}
	op := operation(t, "InitiateAuth")
	if r := audit.Of(call(&cognitoidp.API, op, in, nil), netip.Addr{}, nil); r.Target["Username"] != "rita" || r.Result != "ok" {
		t.Errorf("%+v", r)
	}
	r := audit.Of(call(&cognitoidp.API, op, in, nil), netip.Addr{}, fault.New(fault.NotAuthorized, "no"))
	if len(r.Target) != 1 || r.Target["ClientId"] != client || r.Result != "NotAuthorized" {
		t.Errorf("%+v", r)
	}
	token := "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhYmMifQ.x" // {"sub":"abc"}
	out := &cognitoidp.GlobalSignOutRequest{AccessToken: &token}
	if r := audit.Of(call(&cognitoidp.API, operation(t, "GlobalSignOut"), out, nil), netip.Addr{}, nil); r.Actor != "user:abc" {
		t.Errorf("%+v", r)
	}
}

// Threat: PreTokenGeneration copies names that the user chose into the token, and a name that only looks like sub says that it was somebody else.
func TestThreatAClaimWhoseNameLooksLikeSubNamesNobody(t *testing.T) {
	for _, name := range []string{"SUB", "Sub", "\u017fub"} { // a long s, which some programs take for an s
		token := "h." + base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"mallory","`+name+`":"admin"}`)) + ".s"
		in := &cognitoidp.GlobalSignOutRequest{AccessToken: &token}
		if r := audit.Of(call(&cognitoidp.API, operation(t, "GlobalSignOut"), in, nil), netip.Addr{}, nil); r.Actor != "user:mallory" {
			t.Errorf("%s: the actor is %s", name, r.Actor)
		}
	}
}

func TestReadsAreLeftOutUnlessTheyAreDenied(t *testing.T) {
	for name, want := range map[string]bool{"AdminGetUser": false, "ListUsers": false, "GetUser": false, "GetId": true, "GetSessionToken": true,
		"SignUp": true, "AdminDeleteUser": true, "InitiateAuth": true, "TagResource": true} {
		if got := audit.Wanted(name, nil); got != want {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
	if !audit.Wanted("ListUsers", fault.New(fault.AccessDenied, "no")) {
		t.Error("a denied read is left out")
	}
	if audit.Wanted("ListUsers", errors.New("broken")) {
		t.Error("a read that failed is there")
	}
}
