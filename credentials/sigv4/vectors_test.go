package sigv4

import (
	"encoding/json"
	"net/http"
	"net/textproto"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// vector is a case of the official suite. testdata/README.md names its source.
type vector struct {
	Name    string
	Context struct {
		Credentials struct {
			ID     string `json:"access_key_id"`
			Secret string `json:"secret_access_key"`
			Token  string
		}
		Expiration       int64 `json:"expiration_in_seconds"`
		Normalize        bool
		Region, Service  string
		SignBody         bool `json:"sign_body"`
		Timestamp        time.Time
		OmitSessionToken bool `json:"omit_session_token"`
	}
	Request         string
	HeaderCanonical string `json:"header-canonical-request"`
	HeaderString    string `json:"header-string-to-sign"`
	HeaderSignature string `json:"header-signature"`
	HeaderSigned    string `json:"header-signed-request"`
	QueryCanonical  string `json:"query-canonical-request"`
	QueryString     string `json:"query-string-to-sign"`
	QuerySignature  string `json:"query-signature"`
	QuerySigned     string `json:"query-signed-request"`
}

func loadVectors(t testing.TB) []vector {
	t.Helper()
	raw, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Cases []vector }
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Cases) != 38 {
		t.Fatalf("%d vectors, not 38", len(file.Cases))
	}
	return file.Cases
}

// readRequest reads a request of the suite, whose target may contain spaces and bytes outside ASCII that no server
// accepts.
func readRequest(t testing.TB, text string) (*Request, []byte) {
	t.Helper()
	head, body, _ := strings.Cut(text, "\n\n")
	lines := strings.Split(strings.TrimSuffix(head, "\n"), "\n")
	method, target, ok := strings.Cut(strings.TrimSuffix(lines[0], " HTTP/1.1"), " ")
	if !ok {
		t.Fatalf("no request line in %q", text)
	}
	r := &Request{Method: method, Header: http.Header{}, ContentLength: int64(len(body))}
	r.RawPath, r.RawQuery, _ = strings.Cut(target, "?")
	last := ""
	for _, line := range lines[1:] {
		if strings.HasPrefix(line, " ") { // a folded line, which a server joins with a space
			values := r.Header[last]
			values[len(values)-1] += " " + strings.TrimSpace(line)
			continue
		}
		name, value, _ := strings.Cut(line, ":")
		if last = textproto.CanonicalMIMEHeaderKey(name); last == "Host" {
			r.Host = value
			continue
		}
		r.Header[last] = append(r.Header[last], value)
	}
	return r, []byte(body)
}

func (v *vector) options(body []byte) Options {
	return Options{
		Now: v.Context.Timestamp, Regions: []string{v.Context.Region}, Services: []string{v.Context.Service},
		Rule: &PathRule{Normalize: v.Context.Normalize}, BodySHA256: HashPayload(body),
	}
}

func (v *vector) signOptions(body []byte) SignOptions {
	return SignOptions{
		Time: v.Context.Timestamp, Region: v.Context.Region, Service: v.Context.Service, PayloadHash: HashPayload(body),
		Rule: &PathRule{Normalize: v.Context.Normalize}, SignHeader: func(string) bool { return true },
		Expires: time.Duration(v.Context.Expiration) * time.Second,
	}
}

func (v *vector) credentials() Credentials {
	c := Credentials{AccessKeyID: v.Context.Credentials.ID, SecretAccessKey: v.Context.Credentials.Secret}
	if !v.Context.OmitSessionToken {
		c.SessionToken = v.Context.Credentials.Token
	}
	return c
}

// withoutLateToken removes the session token that the suite adds after signing if a case does not sign it.
func (v *vector) withoutLateToken(r *Request) {
	if v.Context.OmitSessionToken {
		r.Header.Del("X-Amz-Security-Token")
		parts := slices.DeleteFunc(strings.Split(r.RawQuery, "&"), func(p string) bool { return strings.HasPrefix(p, queryToken) })
		r.RawQuery = strings.Join(parts, "&")
	}
}

func TestEveryOfficialVectorIsSigned(t *testing.T) {
	for _, v := range loadVectors(t) {
		t.Run(v.Name, func(t *testing.T) {
			r, body := readRequest(t, v.Request)
			if v.Context.SignBody {
				r.Header.Set("X-Amz-Content-Sha256", HashPayload(body))
			}
			if err := Sign(r, v.credentials(), v.signOptions(body)); err != nil {
				t.Fatal(err)
			}
			if got := r.Header.Get("Authorization"); !strings.HasSuffix(got, "Signature="+v.HeaderSignature) {
				t.Errorf("Authorization = %s, want signature %s", got, v.HeaderSignature)
			}
			if signed, _ := readRequest(t, v.HeaderSigned); signed.Header.Get("Authorization") != r.Header.Get("Authorization") {
				t.Errorf("Authorization = %s\nwant %s", r.Header.Get("Authorization"), signed.Header.Get("Authorization"))
			}
			r, body = readRequest(t, v.Request)
			query, err := Presign(r, v.credentials(), v.signOptions(body))
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasSuffix(query, "&X-Amz-Signature="+v.QuerySignature) {
				t.Errorf("query = %s, want signature %s", query, v.QuerySignature)
			}
		})
	}
}

func TestEveryOfficialVectorVerifies(t *testing.T) {
	for _, v := range loadVectors(t) {
		for _, way := range []struct{ name, request, canonical, toSign, signature string }{
			{"header", v.HeaderSigned, v.HeaderCanonical, v.HeaderString, v.HeaderSignature},
			{"query", v.QuerySigned, v.QueryCanonical, v.QueryString, v.QuerySignature},
		} {
			t.Run(v.Name+"/"+way.name, func(t *testing.T) {
				r, body := readRequest(t, way.request)
				if v.Context.OmitSessionToken {
					a, err := Parse(r)
					if err == nil {
						_, err = a.Verify(v.Context.Credentials.Secret, v.options(body))
					}
					if err == nil {
						t.Error("a session token that was not signed is accepted")
					}
					v.withoutLateToken(r)
				}
				a, err := Parse(r)
				if err != nil {
					t.Fatal(err)
				}
				o := v.options(body)
				s := newScratch()
				if err := s.loadHeaders(r, a.signed, a.Presigned); err != nil {
					t.Fatal(err)
				}
				hash, refused := a.payloadHash(o.BodySHA256)
				if refused == nil {
					refused = s.canonicalRequest(r, a.signed, *o.Rule, hash, a.Presigned, form{})
				}
				if refused != nil {
					t.Fatal(refused)
				}
				if string(s.out) != way.canonical {
					t.Errorf("canonical request\n%s\nwant\n%s", s.out, way.canonical)
				}
				s.signRequest(deriveKey("", a.day, a.Region, a.Service), a.date)
				if string(s.out) != way.toSign {
					t.Errorf("string to sign\n%s\nwant\n%s", s.out, way.toSign)
				}
				if _, err := a.Verify(v.Context.Credentials.Secret, o); err != nil {
					t.Errorf("Verify: %v", err)
				}
				if want := v.credentials(); a.AccessKeyID != want.AccessKeyID || a.SessionToken != want.SessionToken ||
					a.Presigned != (way.name == "query") || !a.Time.Equal(v.Context.Timestamp) {
					t.Errorf("parsed %+v", a)
				}
			})
		}
	}
}

// tampering changes a signed request or the options of Verify. It returns false if it does not apply.
type tampering struct {
	name   string
	change func(r *Request, o *Options, secret *string) bool
}

func always(change func(r *Request)) func(*Request, *Options, *string) bool {
	return func(r *Request, _ *Options, _ *string) bool { change(r); return true }
}

// inText replaces text in the Authorization header or the query, depending on where the signature is.
func inText(old, replacement string) func(*Request, *Options, *string) bool {
	return func(r *Request, _ *Options, _ *string) bool {
		header, query := r.Header.Get("Authorization"), r.RawQuery
		if header != "" {
			r.Header.Set("Authorization", strings.Replace(header, old, replacement, 1))
			return r.Header.Get("Authorization") != header
		}
		r.RawQuery = strings.Replace(query, strings.ReplaceAll(old, "/", "%2F"), strings.ReplaceAll(replacement, "/", "%2F"), 1)
		return r.RawQuery != query
	}
}

var tamperings = []tampering{
	{"another method", always(func(r *Request) { r.Method = "DELETE" })},
	{"another host", always(func(r *Request) { r.Host = "other.amazonaws.com" })},
	{"a port more", always(func(r *Request) { r.Host += ":8080" })},
	{"a longer path", always(func(r *Request) { r.RawPath += "x" })},
	{"another path", always(func(r *Request) { r.RawPath = "/other" })},
	{"a parameter more", always(func(r *Request) { r.RawQuery = strings.TrimPrefix(r.RawQuery+"&extra=1", "&") })},
	{"an empty parameter more", always(func(r *Request) { r.RawQuery = strings.TrimPrefix(r.RawQuery+"&acl", "&") })},
	{"a signed header that is gone", func(r *Request, _ *Options, _ *string) bool {
		had := len(r.Header)
		r.Header.Del("My-Header1")
		r.Header.Del("Content-Type")
		return len(r.Header) < had
	}},
	{"a signed header with another value", func(r *Request, _ *Options, _ *string) bool {
		if r.Header["My-Header1"] == nil {
			return false
		}
		r.Header["My-Header1"][0] += "x"
		return true
	}},
	{"a signed header with a value more", func(r *Request, _ *Options, _ *string) bool {
		r.Header.Add("X-Amz-Date", "20150830T123600Z")
		r.Header.Add("My-Header1", "more")
		return true
	}},
	{"an unsigned x-amz header", always(func(r *Request) { r.Header.Set("X-Amz-Acl", "public-read") })},
	{"an x-amz header in another spelling", always(func(r *Request) { r.Header["x-amz-date"] = []string{"20150830T123600Z"} })},
	{"another session token", func(r *Request, _ *Options, _ *string) bool {
		r.Header.Set("X-Amz-Security-Token", "other")
		return true
	}},
	{"another body", func(_ *Request, o *Options, _ *string) bool { o.BodySHA256 = HashPayload([]byte("other")); return true }},
	{"another secret", func(_ *Request, _ *Options, s *string) bool { *s += "x"; return true }},
	{"no secret", func(_ *Request, _ *Options, s *string) bool { *s = ""; return true }},
	{"another access key's name and no scope", inText("AKIDEXAMPLE/20150830", "AKIDEXAMPLE")},
	{"a scope of another day", inText("/20150830/", "/20150831/")},
	{"a scope of another region", inText("/us-east-1/", "/us-east-2/")},
	{"another region expected", func(_ *Request, o *Options, _ *string) bool { o.Regions = []string{"eu-west-1"}; return true }},
	{"a scope of another service", inText("/service/", "/iam/")},
	{"another service expected", func(_ *Request, o *Options, _ *string) bool { o.Services = []string{"iam"}; return true }},
	{"no service expected", func(_ *Request, o *Options, _ *string) bool { o.Services = nil; return true }},
	{"another terminator", inText("/aws4_request", "/aws5_request")},
	{"another algorithm", inText("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA512")},
	{"a header dropped from the signed ones", func(r *Request, _ *Options, _ *string) bool {
		return inText("host", "")(r, nil, nil)
	}},
	{"a signature of capitals", func(r *Request, _ *Options, _ *string) bool {
		return changeSignature(r, strings.ToUpper)
	}},
	{"a signature cut short", func(r *Request, _ *Options, _ *string) bool {
		return changeSignature(r, func(s string) string { return s[:63] })
	}},
	{"a signature of zeros", func(r *Request, _ *Options, _ *string) bool {
		return changeSignature(r, func(s string) string { return strings.Repeat("0", len(s)) })
	}},
	{"a signature with its last bit changed", func(r *Request, _ *Options, _ *string) bool {
		return changeSignature(r, func(s string) string {
			last, _ := strconv.ParseUint(s[63:], 16, 8)
			return s[:63] + strconv.FormatUint(last^1, 16)
		})
	}},
	{"the same sixteen minutes later", func(r *Request, o *Options, _ *string) bool {
		o.Now = o.Now.Add(16 * time.Minute)
		return r.Header.Get("Authorization") != ""
	}},
	{"the same sixteen minutes earlier", func(_ *Request, o *Options, _ *string) bool {
		o.Now = o.Now.Add(-16 * time.Minute)
		return true
	}},
	{"the same two hours later", func(_ *Request, o *Options, _ *string) bool { o.Now = o.Now.Add(2 * time.Hour); return true }},
	{"a longer life", func(r *Request, _ *Options, _ *string) bool {
		query := r.RawQuery
		r.RawQuery = strings.Replace(query, "X-Amz-Expires=3600", "X-Amz-Expires=86400", 1)
		return r.RawQuery != query
	}},
	{"a second mechanism", func(r *Request, _ *Options, _ *string) bool {
		if r.Header.Get("Authorization") == "" {
			r.Header.Set("Authorization", "Bearer token")
		} else {
			r.RawQuery = strings.TrimPrefix(r.RawQuery+"&X-Amz-Signature=00", "&")
		}
		return true
	}},
	{"the signature twice", func(r *Request, _ *Options, _ *string) bool {
		if header := r.Header["Authorization"]; header != nil {
			r.Header["Authorization"] = append(header, header[0])
		} else {
			_, signature, _ := strings.Cut(r.RawQuery, "&X-Amz-Signature=")
			r.RawQuery += "&X-Amz-Signature=" + signature
		}
		return true
	}},
}

// changeSignature changes the text of the signature.
func changeSignature(r *Request, change func(string) string) bool {
	if header := r.Header.Get("Authorization"); header != "" {
		before, signature, _ := strings.Cut(header, "Signature=")
		r.Header.Set("Authorization", before+"Signature="+change(signature))
		return change(signature) != signature
	}
	before, after, _ := strings.Cut(r.RawQuery, "X-Amz-Signature=")
	r.RawQuery = before + "X-Amz-Signature=" + change(after[:64]) + after[64:]
	return change(after[:64]) != after[:64]
}

func TestEveryOfficialVectorIsRefusedWhenTamperedWith(t *testing.T) {
	for _, v := range loadVectors(t) {
		for _, text := range []string{v.HeaderSigned, v.QuerySigned} {
			applied := 0
			for _, tamper := range tamperings {
				r, body := readRequest(t, text)
				v.withoutLateToken(r)
				o, secret := v.options(body), v.Context.Credentials.Secret
				if !tamper.change(r, &o, &secret) {
					continue
				}
				applied++
				a, err := Parse(r)
				if err == nil {
					_, err = a.Verify(secret, o)
				}
				if err == nil {
					t.Errorf("%s: %s is accepted", v.Name, tamper.name)
				}
			}
			if applied < 20 {
				t.Errorf("%s: only %d ways of tampering apply", v.Name, applied)
			}
		}
	}
}
