package console

import (
	"strings"
	"testing"

	"github.com/sluicegate/sluice/api/cognitoidp"
)

func TestASearchIsOneComparison(t *testing.T) {
	for _, c := range []struct{ by, how, q, want string }{
		{"email", "starts", "ada", `email ^= "ada"`},
		{"email", "is", `a" or username = "b`, `email = "a\" or username = \"b"`},
		{"name", "is", `back\slash`, `name = "back\\slash"`},
		{"sub", "starts", "1", `sub = "1"`},
		{"email", "starts", "", ""},
	} {
		if got, err := filter(c.by, c.how, c.q); err != nil || got != c.want {
			t.Errorf("%v: %s %v", c, got, err)
		}
	}
	for _, c := range [][3]string{{"password", "is", "x"}, {"email", "contains", "x"}, {"email", "is", strings.Repeat("x", maxSearch+1)}, {`email = "" or name`, "is", "x"}} {
		if got, err := filter(c[0], c[1], c[2]); err == nil {
			t.Errorf("%v: %s", c, got)
		}
	}
}

func TestASignInLeadsToPagesOfTheConsoleOnly(t *testing.T) {
	h := &Handler{o: Options{Path: "/console"}, pages: pageTable()}
	for raw, want := range map[string]string{
		"/users?pool=a&q=b": "/users?pool=a&q=b", "/": "/", "": "/", "https://evil.example/": "/", "//evil.example": "/", "/\\evil.example": "/", "/nothing": "/", "/sign-in": "/",
		"/users?x\r\nSet-Cookie: a": "/", "/users/../../x": "/", "/pools#x": "/", "/user/disable?pool=a": "/", "/users?" + strings.Repeat("x", maxQuery): "/",
	} {
		if got := h.local(raw); got != want {
			t.Errorf("%q leads to %q, want %q", raw, got, want)
		}
	}
}

func TestAPolicyIsChecked(t *testing.T) {
	for name, c := range map[string]struct {
		document, level, text string
		line                  int
	}{
		"valid":          {`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}`, "", "", 0},
		"a wrong effect": {"{\n\"Version\":\"2012-10-17\",\n\"Statement\":[{\"Effect\":\"Alow\",\"Action\":\"s3:*\",\"Resource\":\"*\"}]}", "error", "Alow", 3},
		"no JSON":        {"{", "error", "", 1},
		"nothing":        {"", "error", "", 1},
		"too long":       {strings.Repeat("x", maxDocument+1), "error", "too long", 0},
		"long for IAM":   {`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::` + strings.Repeat("x", 11000) + `"}]}`, "error", "10240", 0},
	} {
		got := check(c.document)
		if c.level == "" {
			if len(got) != 0 {
				t.Errorf("%s: %v", name, got)
			}
			continue
		}
		if len(got) == 0 || got[0].Level != c.level || got[0].Line != c.line || !strings.Contains(got[0].Text, c.text) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestReadsAreOperationsThatExistAndChangeNothing(t *testing.T) {
	for _, name := range reads {
		ok := false
		for _, prefix := range []string{"Get", "List", "Describe", "AdminGet", "AdminList"} {
			ok = ok || strings.HasPrefix(name, prefix)
		}
		if !ok {
			t.Errorf("%s may change something", name)
		}
	}
}

func TestADurationIsToldWhole(t *testing.T) {
	for n, want := range map[int]string{3600: "1 h", 5400: "1 h 30 min", 43200: "12 h", 3660: "1 h 1 min", 3601: "1 h 1 s", 59: "59 s"} {
		if got := seconds(&n); got != want {
			t.Errorf("%d seconds are %q, want %q", n, got, want)
		}
	}
	if got := seconds(nil); got != "" {
		t.Errorf("nothing is %q", got)
	}
}

func TestEveryTriggerOfAPoolIsNamed(t *testing.T) {
	arn := func(name string) *string { return new("arn:aws:lambda:us-east-1:123456789012:function:" + name) }
	got := triggerNames(&cognitoidp.LambdaConfigType{PreTokenGenerationConfig: &cognitoidp.PreTokenGenerationVersionConfigType{LambdaArn: arn("v2")},
		CustomEmailSender: &cognitoidp.CustomEmailLambdaVersionConfigType{LambdaArn: arn("mail")}, CustomSMSSender: &cognitoidp.CustomSMSLambdaVersionConfigType{LambdaArn: arn("sms")},
		InboundFederation: &cognitoidp.InboundFederationLambdaType{LambdaArn: arn("inbound")}})
	var all []string
	for _, v := range got {
		all = append(all, v.Text)
	}
	text := strings.Join(all, "\n")
	for _, want := range []string{"pre token generation: arn:aws:lambda:us-east-1:123456789012:function:v2", "custom e-mail sender: ", ":mail", "custom SMS sender: ", ":sms", "inbound federation: ", ":inbound"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	both := triggerNames(&cognitoidp.LambdaConfigType{PreTokenGeneration: arn("v2"), PreTokenGenerationConfig: &cognitoidp.PreTokenGenerationVersionConfigType{LambdaArn: arn("v2")}})
	if len(both) != 1 {
		t.Errorf("one function is told twice: %v", both)
	}
}

func FuzzForm(f *testing.F) {
	f.Add("_csrf=a&pool=b")
	f.Add("a=1&a=2")
	f.Add("%zz")
	f.Fuzz(func(t *testing.T, body string) {
		form, err := parseForm(body)
		if err != nil {
			return
		}
		if len(form) > maxFields {
			t.Errorf("%d fields", len(form))
		}
		for name, values := range form {
			if len(values) != 1 {
				t.Errorf("%q: %q", name, values)
			}
		}
	})
}
