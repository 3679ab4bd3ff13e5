package awsquery_test

import (
	"fmt"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/api"
	"github.com/sluicegate/sluice/api/awsquery"
	"github.com/sluicegate/sluice/api/iam"
	"github.com/sluicegate/sluice/api/sts"
)

func decode(t testing.TB, service *api.Service, operation, query string) (any, error) {
	t.Helper()
	form, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	op := service.Operation(operation)
	in := op.NewInput()
	return in, awsquery.Decode(form, op.Input, in)
}

func TestDecode(t *testing.T) {
	for name, tc := range map[string]struct {
		service          *api.Service
		operation, query string
		want             any
	}{
		"scalars": {&sts.API, "AssumeRole", "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Ax&DurationSeconds=900",
			&sts.AssumeRoleRequest{RoleArn: new("arn:x"), DurationSeconds: new(900)}},
		"lists of structures, in the order of their numbers, gaps closed": {&sts.API, "AssumeRole",
			"Tags.member.10.Key=c&Tags.member.2.Key=b&Tags.member.2.Value=&Tags.member.1.Key=a&PolicyArns.member.1.arn=p",
			&sts.AssumeRoleRequest{Tags: []sts.Tag{{Key: new("a")}, {Key: new("b"), Value: new("")}, {Key: new("c")}},
				PolicyArns: []sts.PolicyDescriptorType{{Arn: new("p")}}}},
		"lists of strings": {&sts.API, "AssumeRole", "TransitiveTagKeys.member.1=a&TransitiveTagKeys.member.2=b",
			&sts.AssumeRoleRequest{TransitiveTagKeys: []string{"a", "b"}}},
		"a list without elements":  {&sts.API, "AssumeRole", "Tags=", &sts.AssumeRoleRequest{Tags: []sts.Tag{}}},
		"an empty string is there": {&sts.API, "AssumeRole", "Policy=", &sts.AssumeRoleRequest{Policy: new("")}},
		"booleans":                 {&iam.API, "ListPolicies", "OnlyAttached=true", &iam.ListPoliciesRequest{OnlyAttached: new(true)}},
		"what the model lacks is ignored": {&sts.API, "GetCallerIdentity", "X=1&Y.member.1=2&AWSAccessKeyId=z",
			&sts.GetCallerIdentityRequest{}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := decode(t, tc.service, tc.operation, tc.query)
			if err != nil || !reflect.DeepEqual(got, tc.want) {
				t.Errorf("got %#v, %v; want %#v", got, err, tc.want)
			}
		})
	}
}

func TestDecodeRefuses(t *testing.T) {
	var many strings.Builder
	for i := range awsquery.MaxParameters + 1 {
		fmt.Fprintf(&many, "p%d=&", i)
	}
	for name, tc := range map[string]struct{ query, want string }{
		"a word where a number belongs":         {"DurationSeconds=soon", "The value of parameter DurationSeconds is not an integer"},
		"a number beyond 32 bits":               {"DurationSeconds=2147483648", "The value of parameter DurationSeconds is not an integer"},
		"a value where a list belongs":          {"Tags=a", "Parameter Tags is a list"},
		"a list without its member":             {"Tags.1.Key=a", "Parameter Tags is a list"},
		"an element without a number":           {"Tags.member.x.Key=a", "Parameter Tags.member.x: the elements of a list are numbered from 1"},
		"element zero":                          {"Tags.member.0.Key=a", "Parameter Tags.member.0: the elements of a list are numbered from 1"},
		"an element twice, once with a zero":    {"Tags.member.1.Key=a&Tags.member.01.Key=b", "Parameter Tags.member.01: the elements of a list are numbered from 1"},
		"an element that would need a gigabyte": {"Tags.member.4000000000.Key=a", "Parameter Tags.member.4000000000: the elements of a list are numbered from 1"},
		"a value where a structure belongs":     {"Tags.member.1=a", "Parameter Tags.member.1 is a structure"},
		"a structure where a value belongs":     {"Policy.x=a", "Parameter Policy is not a structure or list"},
		"a parameter twice":                     {"Policy=a&Policy=b", `Parameter "Policy" comes more than once`},
		"a parameter without end":               {strings.Repeat("a.", 500) + "=b", `Parameter "` + strings.Repeat("a.", 50) + `…" nests too deep`},
		"more parameters than any input has":    {strings.TrimSuffix(many.String(), "&"), "A request has at most 1000 parameters"},
		"invalid UTF-8":                         {"Policy=%ff", "Parameters must be UTF-8"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := decode(t, &sts.API, "AssumeRole", tc.query)
			if err == nil || err.Error() != tc.want {
				t.Errorf("got %v, want %s", err, tc.want)
			}
		})
	}
}

func TestEncode(t *testing.T) {
	at := api.At(time.Unix(1700000000, 0))
	for name, tc := range map[string]struct {
		service   *api.Service
		operation string
		out       any
		want      string
	}{
		"structures and times": {&sts.API, "GetSessionToken", &sts.GetSessionTokenResponse{Credentials: &sts.Credentials{
			AccessKeyId: new("ASIA"), SecretAccessKey: new("s"), SessionToken: new("t"), Expiration: at}},
			`<GetSessionTokenResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetSessionTokenResult><Credentials>` +
				`<AccessKeyId>ASIA</AccessKeyId><Expiration>2023-11-14T22:13:20Z</Expiration><SecretAccessKey>s</SecretAccessKey>` +
				`<SessionToken>t</SessionToken></Credentials></GetSessionTokenResult>` +
				`<ResponseMetadata><RequestId>id</RequestId></ResponseMetadata></GetSessionTokenResponse>`},
		"lists, booleans, numbers, and what XML must escape": {&iam.API, "ListRoles", &iam.ListRolesResponse{
			IsTruncated: new(false), Roles: []iam.Role{{RoleName: new("a<b>&\x01"), MaxSessionDuration: new(3600)}, {}}},
			`<ListRolesResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ListRolesResult><IsTruncated>false</IsTruncated>` +
				`<Roles><member><MaxSessionDuration>3600</MaxSessionDuration><RoleName>a&lt;b&gt;&amp;` + "\ufffd" + `</RoleName></member>` +
				`<member></member></Roles></ListRolesResult>` +
				`<ResponseMetadata><RequestId>id</RequestId></ResponseMetadata></ListRolesResponse>`},
		"an operation without output has no result": {&iam.API, "DeleteRole", &api.Empty{},
			`<DeleteRoleResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">` +
				`<ResponseMetadata><RequestId>id</RequestId></ResponseMetadata></DeleteRoleResponse>`},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := awsquery.Encode(tc.service, tc.service.Operation(tc.operation), tc.out, "id")
			if err != nil || string(got) != tc.want {
				t.Errorf("got\n%s, %v\nwant\n%s", got, err, tc.want)
			}
		})
	}
}

func TestEncodeError(t *testing.T) {
	want := `<ErrorResponse xmlns="ns"><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>no &lt;entry&gt;</Message></Error>` +
		`<RequestId>id</RequestId></ErrorResponse>`
	if got := awsquery.EncodeError("ns", "AccessDenied", "no <entry>", true, "id"); string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := awsquery.EncodeError("ns", "InternalFailure", "", false, "id"); !strings.Contains(string(got), "<Type>Receiver</Type>") {
		t.Errorf("our own fault is put on the client: %s", got)
	}
}

// parameters encodes an input as a client does, for round trips.
func parameters(s *api.Shape, v reflect.Value, name string, into url.Values) {
	if v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	switch s.Kind {
	case api.Structure:
		for _, m := range s.Members {
			if f := v.Field(m.Field); !f.IsNil() {
				parameters(m.Shape, f, strings.TrimPrefix(name+"."+m.Name, "."), into)
			}
		}
	case api.List:
		if v.Len() == 0 {
			into.Set(name, "")
		}
		for i := range v.Len() {
			parameters(s.Elem, v.Index(i), name+".member."+strconv.Itoa(i+1), into)
		}
	default:
		into.Set(name, fmt.Sprint(v.Interface()))
	}
}

// An input that decodes, encoded again, decodes to the same value.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		"", "RoleArn=a&DurationSeconds=900", "Tags.member.1.Key=a&Tags.member.1.Value=b&Tags.member.3.Key=c",
		"PolicyArns.member.1.arn=%F0%9F%98%80", "Tags=", "Tags.member.00.Key=", "A.b.c=1&A.b=2&A=3", "OnlyAttached=true&MaxItems=7",
		"Tags.member.1.X=", "%=%", "a;b", "Policy=%00",
	} {
		for op := range uint8(4) {
			f.Add(op, seed)
		}
	}
	operations := []*api.Operation{sts.API.Operation("AssumeRole"), sts.API.Operation("AssumeRoleWithSAML"),
		iam.API.Operation("ListPolicies"), iam.API.Operation("CreateRole")}
	f.Fuzz(func(t *testing.T, which uint8, query string) {
		form, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		op := operations[int(which)%len(operations)]
		in := op.NewInput()
		if awsquery.Decode(form, op.Input, in) != nil {
			return
		}
		_ = api.Validate(op.Input, in) // must not panic
		// The first encoding drops elements without a known member and renumbers the later ones. The second changes nothing.
		for range 2 {
			form = url.Values{}
			parameters(op.Input, reflect.ValueOf(in), "", form)
			in = op.NewInput()
			if err := awsquery.Decode(form, op.Input, in); err != nil {
				t.Fatalf("%v does not decode: %v", form, err)
			}
		}
		again := url.Values{}
		parameters(op.Input, reflect.ValueOf(in), "", again)
		if !reflect.DeepEqual(form, again) {
			t.Fatalf("%v and %v differ", form, again)
		}
	})
}
