package api_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/api"
	"github.com/sluicegate/sluice/api/cognitoidp"
)

func TestTimestamps(t *testing.T) {
	for name, tc := range map[string]struct {
		at        time.Time
		json, iso string
	}{
		"whole seconds have no fraction":          {time.Unix(1700000000, 0), "1700000000", "2023-11-14T22:13:20Z"},
		"milliseconds are kept":                   {time.Unix(1700000000, 120e6), "1700000000.12", "2023-11-14T22:13:20.12Z"},
		"what is finer is cut off":                {time.Unix(1700000000, 999_999_999), "1700000000.999", "2023-11-14T22:13:20.999Z"},
		"a time before the epoch is negative":     {time.Unix(-1, 0), "-1", "1969-12-31T23:59:59Z"},
		"another zone makes no difference at all": {time.Unix(0, 0).In(time.FixedZone("", 3600)), "0", "1970-01-01T00:00:00Z"},
	} {
		t.Run(name, func(t *testing.T) {
			stamp := api.At(tc.at)
			b, err := json.Marshal(stamp)
			if err != nil || string(b) != tc.json || stamp.ISO8601() != tc.iso {
				t.Errorf("%s, %s, %v; want %s, %s", b, stamp.ISO8601(), err, tc.json, tc.iso)
			}
			var back api.Timestamp
			if err := json.Unmarshal(b, &back); err != nil || !back.Equal(tc.at.Truncate(time.Millisecond)) {
				t.Errorf("read back as %v, %v", back, err)
			}
		})
	}
	if api.At(time.Time{}) != nil {
		t.Error("the zero time is not left out")
	}
	for _, bad := range []string{`"2023-11-14"`, "1e300", "-1e300", "253402300800", "true"} {
		var at api.Timestamp
		if json.Unmarshal([]byte(bad), &at) == nil {
			t.Errorf("%s was taken for a time: %v", bad, at)
		}
	}
}

func TestValueReadsPointers(t *testing.T) {
	if api.Value[string](nil) != "" || api.ValueOr(nil, 7) != 7 || api.ValueOr(new(0), 7) != 0 {
		t.Error("left out and zero are mixed up")
	}
}

// A request that is logged in any of Go's formats shows no password, token or secret.
func TestSecretsDoNotShow(t *testing.T) {
	const secret = "hunter2"
	in := cognitoidp.InitiateAuthRequest{
		AuthFlow:       new(cognitoidp.AuthFlowTypeUserPasswordAuth),
		ClientId:       new(secret),
		AuthParameters: map[string]string{"PASSWORD": secret},
	}
	nested := cognitoidp.AdminCreateUserRequest{
		UserPoolId:     new("us-east-1_Ab3"),
		UserAttributes: []cognitoidp.AttributeType{{Name: new("email"), Value: new(secret)}},
	}
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("in", "a", in, "b", &in, "c", nested)
	slog.New(slog.NewTextHandler(&log, nil)).Info("in", "a", in, "b", &in, "c", &nested)
	for _, v := range []any{in, &in, nested, &nested, nested.UserAttributes} {
		fmt.Fprintf(&log, "%v %+v %#v %s\n", v, v, v, v)
	}
	if strings.Contains(log.String(), secret) {
		t.Errorf("the secret shows:\n%s", log.String())
	}
	want := `AdminCreateUserRequest{UserAttributes: [AttributeType{Name: "email", Value: ***}], UserPoolId: "us-east-1_Ab3"}`
	if got := nested.String(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
