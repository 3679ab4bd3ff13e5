package awsjson_test

import (
	"reflect"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/api"
	"github.com/sluicegate/sluice/api/awsjson"
	"github.com/sluicegate/sluice/api/cognitoidp"
)

func decode(t testing.TB, operation, body string) (any, error) {
	t.Helper()
	op := cognitoidp.API.Operation(operation)
	in := op.NewInput()
	return in, awsjson.Decode([]byte(body), op.Input, in)
}

func TestDecode(t *testing.T) {
	for name, tc := range map[string]struct {
		operation, body string
		want            any
	}{
		"an empty body is an empty object": {"ListUserPools", "", &cognitoidp.ListUserPoolsRequest{}},
		"white space is nothing":           {"ListUserPools", " \t\r\n{ } ", &cognitoidp.ListUserPoolsRequest{}},
		"names are matched by case": {"AdminGetUser", `{"username":"a","USERNAME":"b","Username":"c"}`,
			&cognitoidp.AdminGetUserRequest{Username: new("c")}},
		"unknown members are ignored, whatever they hold": {"AdminGetUser", `{"X":[{"a":[1,-2.5e3,true,null,"\u00e9"]}],"Username":"c"}`,
			&cognitoidp.AdminGetUserRequest{Username: new("c")}},
		"null is left out": {"AdminGetUser", `{"Username":null}`, &cognitoidp.AdminGetUserRequest{}},
		"the last of two equal names counts, null too": {"AdminGetUser", `{"Username":"a","UserPoolId":"p","Username":"b","UserPoolId":null}`,
			&cognitoidp.AdminGetUserRequest{Username: new("b")}},
		"empty and left out are two things": {"ListUsers", `{"UserPoolId":"","AttributesToGet":[],"Limit":0}`,
			&cognitoidp.ListUsersRequest{UserPoolId: new(""), AttributesToGet: []string{}, Limit: new(0)}},
		"escapes are undone": {"AdminGetUser", `{"Username":"\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00é"}`,
			&cognitoidp.AdminGetUserRequest{Username: new("\"\\/\b\f\n\r\té😀é")}},
		"a whole number may be written with an exponent": {"ListUsers", `{"Limit":6e1}`, &cognitoidp.ListUsersRequest{Limit: new(60)}},
		"lists of structures, maps": {"SignUp", `{"UserAttributes":[{"Name":"email","Value":"x"},{}],"ClientMetadata":{"a":"b","":""}}`,
			&cognitoidp.SignUpRequest{UserAttributes: []cognitoidp.AttributeType{{Name: new("email"), Value: new("x")}, {}},
				ClientMetadata: map[string]string{"a": "b", "": ""}}},
		"null in a map is left out": {"SignUp", `{"ClientMetadata":{"a":null,"b":"c","d":"e","d":null}}`,
			&cognitoidp.SignUpRequest{ClientMetadata: map[string]string{"b": "c"}}},
		"blobs are base64": {"SetUICustomization", `{"ImageFile":"AAEC"}`, &cognitoidp.SetUICustomizationRequest{ImageFile: []byte{0, 1, 2}}},
		"documents stay as sent but for white space": {"CompleteWebAuthnRegistration", `{"Credential": { "b" : [1.50, "\u00e9"], "a":null}}`,
			&cognitoidp.CompleteWebAuthnRegistrationRequest{Credential: []byte(`{"b":[1.50,"\u00e9"],"a":null}`)}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := decode(t, tc.operation, tc.body)
			if err != nil || !reflect.DeepEqual(got, tc.want) {
				t.Errorf("got %#v, %v; want %#v", got, err, tc.want)
			}
		})
	}
}

func TestDecodeRefuses(t *testing.T) {
	deep := strings.Repeat("[", awsjson.MaxDepth)
	for name, tc := range map[string]struct{ operation, body, want string }{
		"a number where a string belongs":      {"AdminGetUser", `{"Username":1}`, "NUMBER_VALUE can not be converted to a String"},
		"a string where a number belongs":      {"ListUsers", `{"Limit":"60"}`, "STRING_VALUE can not be converted to an Integer"},
		"a truth where a string belongs":       {"AdminGetUser", `{"Username":true}`, "TRUE_VALUE can not be converted to a String"},
		"a fraction where an integer belongs":  {"ListUsers", `{"Limit":1.5}`, "NUMBER_VALUE can not be converted to an Integer"},
		"a number beyond 32 bits":              {"ListUsers", `{"Limit":2147483648}`, "NUMBER_VALUE can not be converted to an Integer"},
		"the same with an exponent":            {"ListUsers", `{"Limit":3e9}`, "NUMBER_VALUE can not be converted to an Integer"},
		"a number beyond every float":          {"ListUsers", `{"Limit":1e999}`, "NUMBER_VALUE can not be converted to an Integer"},
		"an object where a string belongs":     {"AdminGetUser", `{"Username":{}}`, "Start of structure or map found where not expected."},
		"a list where a string belongs":        {"AdminGetUser", `{"Username":[]}`, "Start of list found where not expected"},
		"a list where an object belongs":       {"AdminGetUser", `[]`, "Start of list found where not expected"},
		"an object where a list belongs":       {"ListUsers", `{"AttributesToGet":{}}`, "Start of structure or map found where not expected."},
		"a string where a list belongs":        {"ListUsers", `{"AttributesToGet":"a"}`, "Expected the start of a list"},
		"a string where an object belongs":     {"AdminGetUser", `"x"`, "Expected the start of a structure or map"},
		"null as the whole body":               {"AdminGetUser", `null`, "Expected the start of a structure or map"},
		"null in a list":                       {"ListUsers", `{"AttributesToGet":[null]}`, "A list must not hold null"},
		"a blob that is no base64":             {"SetUICustomization", `{"ImageFile":"!"}`, "A blob must be base64"},
		"a blob with bits left over":           {"SetUICustomization", `{"ImageFile":"AB=="}`, "A blob must be base64"},
		"an object that does not end":          {"AdminGetUser", `{"Username":"a"`, "Unexpected end of the body"},
		"a string that does not end":           {"AdminGetUser", `{"Username":"a`, "Unexpected end of the body"},
		"something behind the object":          {"AdminGetUser", `{} {}`, "Unexpected character at byte 4 of the body"},
		"a comma before the end":               {"AdminGetUser", `{"Username":"a",}`, "Unexpected character at byte 17 of the body"},
		"a comma before the end of a list":     {"ListUsers", `{"AttributesToGet":["a",]}`, "Unexpected character at byte 25 of the body"},
		"a name without quotes":                {"AdminGetUser", `{Username:"a"}`, "Unexpected character at byte 2 of the body"},
		"no colon":                             {"AdminGetUser", `{"Username" "a"}`, "Unexpected character at byte 13 of the body"},
		"a leading zero":                       {"ListUsers", `{"Limit":01}`, "Unexpected character at byte 11 of the body"},
		"a number that ends in a point":        {"ListUsers", `{"Limit":1.}`, "Unexpected character at byte 12 of the body"},
		"not a number":                         {"ListUsers", `{"Limit":NaN}`, "Unexpected character at byte 10 of the body"},
		"a raw line break in a string":         {"AdminGetUser", "{\"Username\":\"a\nb\"}", "Unexpected character at byte 15 of the body"},
		"invalid UTF-8":                        {"AdminGetUser", "{\"Username\":\"a\xffb\"}", "Unexpected character at byte 14 of the body"},
		"invalid UTF-8 behind an escape":       {"AdminGetUser", "{\"Username\":\"\\n\xff\"}", "Unexpected character at byte 14 of the body"},
		"an unknown escape":                    {"AdminGetUser", `{"Username":"\x"}`, "Unexpected character at byte 16 of the body"},
		"half a surrogate pair":                {"AdminGetUser", `{"Username":"\ud83d"}`, "Unexpected character at byte 20 of the body"},
		"the wrong halves of a surrogate pair": {"AdminGetUser", `{"Username":"\ude00\ud83d"}`, "Unexpected character at byte 26 of the body"},
		"nesting without end":                  {"AdminGetUser", `{"X":` + deep, "The body nests deeper than 64 levels"},
		"a byte order mark":                    {"AdminGetUser", "\ufeff{}", "Unexpected character at byte 1 of the body"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := decode(t, tc.operation, tc.body)
			if err == nil || err.Error() != tc.want {
				t.Errorf("got %v, want %s", err, tc.want)
			}
		})
	}
}

func TestEncode(t *testing.T) {
	for name, tc := range map[string]struct {
		value any
		want  string
	}{
		"nothing":                                         {&cognitoidp.SignUpResponse{}, `{}`},
		"no output":                                       {&api.Empty{}, `{}`},
		"false, zero and empty lists are values":          {&cognitoidp.UserType{Enabled: new(false), Attributes: []cognitoidp.AttributeType{}}, `{"Attributes":[],"Enabled":false}`},
		"no character is escaped for HTML":                {&cognitoidp.SignUpResponse{UserSub: new("<a&b>")}, `{"UserSub":"<a&b>"}`},
		"documents go out as they are":                    {&cognitoidp.StartWebAuthnRegistrationResponse{CredentialCreationOptions: []byte(`{"a":1.50}`)}, `{"CredentialCreationOptions":{"a":1.50}}`},
		"members of lower case keep their names":          {&cognitoidp.HttpHeader{HeaderName: new("a"), HeaderValue: new("b")}, `{"headerName":"a","headerValue":"b"}`},
		"maps are sorted, so that one value has one text": {&cognitoidp.InitiateAuthResponse{ChallengeParameters: map[string]string{"b": "2", "a": "1"}}, `{"ChallengeParameters":{"a":"1","b":"2"}}`},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := awsjson.Encode(tc.value)
			if err != nil || string(got) != tc.want {
				t.Errorf("got %s, %v; want %s", got, err, tc.want)
			}
		})
	}
}

func TestEncodeError(t *testing.T) {
	for want, message := range map[string]string{
		`{"__type":"UserNotFoundException","message":"User does not exist."}`: "User does not exist.",
		`{"__type":"UserNotFoundException"}`:                                  "",
	} {
		if got, err := awsjson.EncodeError("UserNotFoundException", message); err != nil || string(got) != want {
			t.Errorf("got %s, %v; want %s", got, err, want)
		}
	}
}

// An input that decodes encodes to a body that decodes to the same value, and whose encoding is the same again.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{}`, ``, `{"PoolName":"p","Policies":{"PasswordPolicy":{"MinimumLength":8}},"UserPoolTags":{"a":"b"}}`,
		`{"PoolName":"\ud83d\ude00","Schema":[{"Name":"x","NumberAttributeConstraints":{"MinValue":"1"}}],"X":[1,[2,{}]]}`,
		`{"ImageFile":"AAEC","CSS":null,"Credential":{"a":[1e5,"\u0000"]},"AccessToken":"a.b"}`,
		`{"MaxResults":1e1}`, `{"MaxResults":-0}`, "{\"PoolName\":\"\xff\"}", `{"Logins":{"":""}}`,
	} {
		for op := range uint8(6) {
			f.Add(op, []byte(seed))
		}
	}
	operations := []string{"CreateUserPool", "SetUICustomization", "CompleteWebAuthnRegistration", "ListUserPools",
		"CreateUserPoolClient", "RespondToAuthChallenge"}
	f.Fuzz(func(t *testing.T, which uint8, body []byte) {
		op := cognitoidp.API.Operation(operations[int(which)%len(operations)])
		in := op.NewInput()
		if awsjson.Decode(body, op.Input, in) != nil {
			return
		}
		_ = api.Validate(op.Input, in) // must not panic
		first, err := awsjson.Encode(in)
		if err != nil {
			t.Fatalf("decoded, but does not encode: %v", err)
		}
		again := op.NewInput()
		if err := awsjson.Decode(first, op.Input, again); err != nil {
			t.Fatalf("encoded as %s, which does not decode: %v", first, err)
		}
		if second, err := awsjson.Encode(again); err != nil || string(first) != string(second) {
			t.Fatalf("encodings differ: %s, %s, %v", first, second, err)
		}
	})
}

func BenchmarkDecodeAdminCreateUser(b *testing.B) {
	op := cognitoidp.API.Operation("AdminCreateUser")
	body := []byte(`{"UserPoolId":"us-east-1_Ab3","Username":"jane","TemporaryPassword":"Correct-Horse-7",` +
		`"UserAttributes":[{"Name":"email","Value":"jane@example.com"},{"Name":"email_verified","Value":"true"}]}`)
	b.ReportAllocs()
	for b.Loop() {
		if err := awsjson.Decode(body, op.Input, op.NewInput()); err != nil {
			b.Fatal(err)
		}
	}
}

func TestABodyOfManyEntriesTakesLittleMemory(t *testing.T) {
	keys := strings.Builder{}
	for i := range 60_000 {
		keys.WriteString(`"` + strconv.Itoa(i) + `":"",`)
	}
	for name, body := range map[string]string{
		"a list": `{"UserAttributes":[` + strings.Repeat("{},", 300_000) + "{}]}",
		"lists":  `{"UserAttributes":[` + strings.Repeat(`{}],"UserAttributes":[`, 40_000) + "{}]}",
		"a map":  `{"ClientMetadata":{` + keys.String() + `"":""}}`,
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := decode(t, "SignUp", body)
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; err == nil || used > 6<<20 {
			t.Errorf("%s: %d bytes allocated for %d, %v", name, used, len(body), err)
		}
	}
}
