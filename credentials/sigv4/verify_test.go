package sigv4_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluicegate/sluice/credentials/sigv4"
)

var (
	signTime = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	creds    = sigv4.Credentials{AccessKeyID: "ASIAEXAMPLEEXAMPLE22", SecretAccessKey: "secret/of+the+session", SessionToken: "token"}
)

// newRequest returns an S3 request with a path, a query and headers that need canonicalization.
func newRequest() *sigv4.Request {
	return &sigv4.Request{
		Method: "GET", Host: "s3.example.com", RawPath: "/bucket/a%20key", RawQuery: "versionId=3&prefix=p",
		Header: http.Header{"Content-Type": {"text/plain"}, "X-Amz-Meta-A": {"b"}},
	}
}

func signOptions() sigv4.SignOptions {
	return sigv4.SignOptions{
		Time: signTime, Region: "eu-west-1", Service: "s3", PayloadHash: sigv4.HashPayload(nil), Expires: time.Hour,
	}
}

func options() sigv4.Options {
	return sigv4.Options{Now: signTime, Regions: []string{"eu-west-1", "eu-west-2"}, Services: []string{"s3", "sts"}}
}

func signed(t testing.TB, r *sigv4.Request, o sigv4.SignOptions) *sigv4.Request {
	t.Helper()
	if err := sigv4.Sign(r, creds, o); err != nil {
		t.Fatal(err)
	}
	return r
}

func presigned(t testing.TB, r *sigv4.Request, o sigv4.SignOptions) *sigv4.Request {
	t.Helper()
	query, err := sigv4.Presign(r, creds, o)
	if err != nil {
		t.Fatal(err)
	}
	r.RawQuery = query
	return r
}

func verify(r *sigv4.Request, o sigv4.Options) (*sigv4.Verified, error) {
	a, err := sigv4.Parse(r)
	if err != nil {
		return nil, err
	}
	return a.Verify(creds.SecretAccessKey, o)
}

func wantReason(t testing.TB, err error, want sigv4.Reason, presigned bool) {
	t.Helper()
	var e *sigv4.Error
	if !errors.As(err, &e) || e.Reason != want || e.Presigned != presigned {
		t.Errorf("got %v, want %s (presigned %v)", err, want, presigned)
	}
	if err != nil && strings.Contains(err.Error(), creds.SecretAccessKey) {
		t.Errorf("the error shows the secret: %v", err)
	}
}

func TestParseReturnsThePartsOfASignature(t *testing.T) {
	for _, query := range []bool{false, true} {
		r := newRequest()
		if query {
			r = presigned(t, r, signOptions())
		} else {
			r = signed(t, r, signOptions())
		}
		v, err := verify(r, options())
		if err != nil {
			t.Fatal(err)
		}
		if v.AccessKeyID != creds.AccessKeyID || v.SessionToken != "token" || v.Region != "eu-west-1" || v.Service != "s3" ||
			!v.Time.Equal(signTime) || v.Presigned != query || v.PayloadHash != sigv4.HashPayload(nil) || v.Streaming() {
			t.Errorf("%+v", v.Auth)
		}
		if !sigv4.Present(r) || sigv4.Present(newRequest()) {
			t.Error("Present is false for a signature that Parse accepts")
		}
		if want := map[bool]time.Duration{true: time.Hour}[query]; v.Expires != want {
			t.Errorf("Expires = %s", v.Expires)
		}
	}
}

func TestTimeAndScopeBoundASignature(t *testing.T) {
	for name, tc := range map[string]struct {
		presigned bool
		now       time.Duration // after signing
		expires   time.Duration
		change    func(*sigv4.Options)
		want      sigv4.Reason // 0: accepted
	}{
		"a header signature is good at once":                  {},
		"a header signature is good fifteen minutes after":    {now: 15 * time.Minute},
		"a header signature is good fifteen minutes before":   {now: -15 * time.Minute},
		"a header signature expires a second later":           {now: 15*time.Minute + time.Second, want: sigv4.Skewed},
		"a header signature is not good a second before that": {now: -15*time.Minute - time.Second, want: sigv4.Skewed},
		"a narrower skew can be asked for": {now: time.Minute, want: sigv4.Skewed,
			change: func(o *sigv4.Options) { o.Skew = 30 * time.Second }},
		"a wider skew cannot": {now: time.Hour, want: sigv4.Skewed,
			change: func(o *sigv4.Options) { o.Skew = 2 * time.Hour }},
		"a presigned request is good for its second":       {presigned: true, expires: time.Second, now: time.Second},
		"a presigned request expires after its second":     {presigned: true, expires: time.Second, now: 1001 * time.Millisecond, want: sigv4.Expired},
		"a presigned request is good for seven days":       {presigned: true, expires: sigv4.MaxExpires, now: sigv4.MaxExpires},
		"a presigned request expires after seven days":     {presigned: true, expires: sigv4.MaxExpires, now: sigv4.MaxExpires + 1, want: sigv4.Expired},
		"a presigned request may be fifteen minutes ahead": {presigned: true, now: -15 * time.Minute},
		"a presigned request may not be from the future":   {presigned: true, now: -15*time.Minute - time.Second, want: sigv4.NotYetValid},
		"not even by a second, if no allowance is made": {presigned: true, now: -time.Second, want: sigv4.NotYetValid,
			change: func(o *sigv4.Options) { o.Ahead = -1 }},
		"another region is refused": {want: sigv4.WrongScope,
			change: func(o *sigv4.Options) { o.Regions = []string{"us-east-1"} }},
		"another service is refused": {want: sigv4.WrongScope,
			change: func(o *sigv4.Options) { o.Services = []string{"sts"} }},
		"no region means none": {want: sigv4.WrongScope, change: func(o *sigv4.Options) { o.Regions = nil }},
		"no service means none": {presigned: true, want: sigv4.WrongScope,
			change: func(o *sigv4.Options) { o.Services = nil }},
		"a hash of the body that the caller read must be the signed one": {want: sigv4.PayloadMismatch,
			change: func(o *sigv4.Options) { o.BodySHA256 = sigv4.HashPayload([]byte("x")) }},
	} {
		t.Run(name, func(t *testing.T) {
			so, o, r := signOptions(), options(), newRequest()
			if tc.expires != 0 {
				so.Expires = tc.expires
			}
			if tc.presigned {
				r = presigned(t, r, so)
			} else {
				r = signed(t, r, so)
			}
			o.Now = signTime.Add(tc.now)
			if tc.change != nil {
				tc.change(&o)
			}
			_, err := verify(r, o)
			if tc.want == 0 && err != nil {
				t.Fatal(err)
			}
			if tc.want != 0 {
				wantReason(t, err, tc.want, tc.presigned)
			}
		})
	}
}

func TestABadHeaderSignatureIsRefusedForItsReason(t *testing.T) {
	edit := func(old, replacement string) func(*sigv4.Request) {
		return func(r *sigv4.Request) {
			r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), old, replacement, 1))
		}
	}
	for name, tc := range map[string]struct {
		change func(*sigv4.Request)
		want   sigv4.Reason
	}{
		"nothing at all":        {func(r *sigv4.Request) { r.Header.Del("Authorization") }, sigv4.Missing},
		"a bearer token":        {func(r *sigv4.Request) { r.Header.Set("Authorization", "Bearer x") }, sigv4.Missing},
		"an empty header":       {func(r *sigv4.Request) { r.Header.Set("Authorization", "") }, sigv4.Missing},
		"version 2":             {func(r *sigv4.Request) { r.Header.Set("Authorization", "AWS id:sig") }, sigv4.Unsupported},
		"SigV4A":                {edit("HMAC-SHA256", "ECDSA-P256-SHA256"), sigv4.Unsupported},
		"the scheme alone":      {func(r *sigv4.Request) { r.Header.Set("Authorization", "AWS4-HMAC-SHA256") }, sigv4.Incomplete},
		"no credential":         {edit("Credential="+creds.AccessKeyID+"/20260301/eu-west-1/s3/aws4_request, ", ""), sigv4.Incomplete},
		"no signed headers":     {edit("SignedHeaders=content-type;host;", "Signed="), sigv4.Malformed},
		"a credential twice":    {edit("Credential=", "Credential=a/20260301/b/c/aws4_request,Credential="), sigv4.Malformed},
		"an empty signature":    {edit("Signature=", "Signature=,"), sigv4.Malformed},
		"a scope too short":     {edit("/eu-west-1", ""), sigv4.Malformed},
		"no access key":         {edit(creds.AccessKeyID, ""), sigv4.Malformed},
		"a long access key":     {edit(creds.AccessKeyID, strings.Repeat("A", 129)), sigv4.Malformed},
		"a space in the key":    {edit(creds.AccessKeyID, "A B"), sigv4.Malformed},
		"a bad scope date":      {edit("/20260301", "/2026031"), sigv4.Malformed},
		"another day":           {edit("/20260301", "/20260302"), sigv4.WrongScope},
		"another terminator":    {edit("aws4_request", "aws4_response"), sigv4.WrongScope},
		"another region":        {edit("eu-west-1", "eu-west-2"), sigv4.Mismatch},
		"a capital in the list": {edit(";host", ";Host"), sigv4.Mismatch},
		"an empty name":         {edit(";host", ";;host"), sigv4.Mismatch},
		"a name twice":          {edit("content-type;host", "content-type;host;content-type"), sigv4.Malformed},
		"too many names":        {edit("content-type", "content-type"+strings.Repeat(";content-length", 64)), sigv4.Malformed},
		"host unsigned":         {edit(";host", ""), sigv4.UnsignedHeader},
		"date unsigned":         {edit(";x-amz-date", ""), sigv4.UnsignedHeader},
		"a token unsigned":      {edit(";x-amz-security-token", ""), sigv4.UnsignedHeader},
		"a header added":        {func(r *sigv4.Request) { r.Header.Set("x-amz-acl", "public-read") }, sigv4.UnsignedHeader},
		"a header respelled":    {func(r *sigv4.Request) { r.Header["X-AMZ-META-A"] = []string{"c"} }, sigv4.UnsignedHeader},
		"a header taken away":   {func(r *sigv4.Request) { r.Header.Del("Content-Type") }, sigv4.Mismatch},
		"no date":               {func(r *sigv4.Request) { r.Header.Del("X-Amz-Date") }, sigv4.NoDate},
		"two dates":             {func(r *sigv4.Request) { r.Header.Add("X-Amz-Date", "20260301T120000Z") }, sigv4.Malformed},
		"a date of 30 February": {func(r *sigv4.Request) { r.Header.Set("X-Amz-Date", "20260230T120000Z") }, sigv4.NoDate},
		"a date in words":       {func(r *sigv4.Request) { r.Header.Set("X-Amz-Date", "today") }, sigv4.NoDate},
		"an unsigned Date only": {func(r *sigv4.Request) {
			r.Header.Del("X-Amz-Date")
			r.Header.Set("Date", "Sun, 01 Mar 2026 12:00:00 GMT")
		}, sigv4.UnsignedHeader},
		"two authorizations":     {func(r *sigv4.Request) { r.Header.Add("Authorization", "x") }, sigv4.Malformed},
		"two tokens":             {func(r *sigv4.Request) { r.Header.Add("X-Amz-Security-Token", "x") }, sigv4.Malformed},
		"a presigned query, too": {func(r *sigv4.Request) { r.RawQuery += "&X-Amz-Signature=x" }, sigv4.BothMechanisms},
		"one spelled otherwise":  {func(r *sigv4.Request) { r.RawQuery += "&X%2DAmz-Signatur%65=x" }, sigv4.BothMechanisms},
		"a version 2 query, too": {func(r *sigv4.Request) { r.RawQuery += "&AWSAccessKeyId=x" }, sigv4.BothMechanisms},
		"a huge header": {func(r *sigv4.Request) {
			r.Header.Set("Authorization", "AWS4-HMAC-SHA256 "+strings.Repeat("a", 1<<20))
		}, sigv4.Malformed},
		"a huge token":       {func(r *sigv4.Request) { r.Header.Set("X-Amz-Security-Token", strings.Repeat("a", 1<<20)) }, sigv4.Malformed},
		"no payload hash":    {func(r *sigv4.Request) { r.Header.Del("X-Amz-Content-Sha256") }, sigv4.NoPayloadHash},
		"a bad payload hash": {func(r *sigv4.Request) { r.Header.Set("X-Amz-Content-Sha256", "abc") }, sigv4.BadPayloadHash},
		"ECDSA chunks": {func(r *sigv4.Request) {
			r.Header.Set("X-Amz-Content-Sha256", "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD")
		}, sigv4.Unsupported},
		"a replaced hash":      {func(r *sigv4.Request) { r.Header.Set("X-Amz-Content-Sha256", sigv4.UnsignedPayload) }, sigv4.Mismatch},
		"a bad path":           {func(r *sigv4.Request) { r.RawPath = "/%zz" }, sigv4.Malformed},
		"a cut percent sign":   {func(r *sigv4.Request) { r.RawPath = "/%2" }, sigv4.Malformed},
		"a relative path":      {func(r *sigv4.Request) { r.RawPath = "bucket" }, sigv4.Malformed},
		"a control character":  {func(r *sigv4.Request) { r.RawPath = "/a\nb" }, sigv4.Malformed},
		"a long path":          {func(r *sigv4.Request) { r.RawPath = "/" + strings.Repeat("a", 1<<15) }, sigv4.Malformed},
		"a bad query":          {func(r *sigv4.Request) { r.RawQuery = "a=%" }, sigv4.Malformed},
		"a long query":         {func(r *sigv4.Request) { r.RawQuery = strings.Repeat("a", 1<<17) }, sigv4.Malformed},
		"many parameters":      {func(r *sigv4.Request) { r.RawQuery = strings.Repeat("a&", 1000) }, sigv4.Malformed},
		"a decoded slash":      {func(r *sigv4.Request) { r.RawPath = "/bucket/a/key" }, sigv4.Mismatch},
		"a plus for the space": {func(r *sigv4.Request) { r.RawPath = "/bucket/a+key" }, sigv4.Mismatch},
		"a dot segment":        {func(r *sigv4.Request) { r.RawPath = "/x/../bucket/a%20key" }, sigv4.Mismatch},
		"a parameter less":     {func(r *sigv4.Request) { r.RawQuery = "prefix=p" }, sigv4.Mismatch},
		"a parameter more":     {func(r *sigv4.Request) { r.RawQuery += "&acl" }, sigv4.Mismatch},
	} {
		t.Run(name, func(t *testing.T) {
			r := signed(t, newRequest(), signOptions())
			tc.change(r)
			_, err := verify(r, options())
			wantReason(t, err, tc.want, false)
		})
	}
}

func TestABadPresignedQueryIsRefusedForItsReason(t *testing.T) {
	edit := func(old, replacement string) func(*sigv4.Request) {
		return func(r *sigv4.Request) { r.RawQuery = strings.Replace(r.RawQuery, old, replacement, 1) }
	}
	for name, tc := range map[string]struct {
		change func(*sigv4.Request)
		want   sigv4.Reason
	}{
		"a life of no time":       {edit("Expires=3600", "Expires=0"), sigv4.BadExpires},
		"a negative life":         {edit("Expires=3600", "Expires=-1"), sigv4.BadExpires},
		"a signed life":           {edit("Expires=3600", "Expires=%2B3600"), sigv4.BadExpires},
		"a life over a week":      {edit("Expires=3600", "Expires=604801"), sigv4.BadExpires},
		"an overflowing life":     {edit("Expires=3600", "Expires=18446744073709551617"), sigv4.BadExpires},
		"a life in words":         {edit("Expires=3600", "Expires=1h"), sigv4.BadExpires},
		"a longer life":           {edit("Expires=3600", "Expires=3601"), sigv4.Mismatch},
		"no life":                 {edit("&X-Amz-Expires=3600", ""), sigv4.Incomplete},
		"no date":                 {edit("&X-Amz-Date=20260301T120000Z", ""), sigv4.Incomplete},
		"no algorithm":            {edit("&X-Amz-Algorithm=AWS4-HMAC-SHA256", ""), sigv4.Incomplete},
		"another algorithm":       {edit("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256"), sigv4.Unsupported},
		"version 2":               {func(r *sigv4.Request) { r.RawQuery = "AWSAccessKeyId=a&Signature=b&Expires=1" }, sigv4.Unsupported},
		"an empty token":          {edit("Security-Token=token", "Security-Token="), sigv4.Malformed},
		"another token":           {edit("Security-Token=token", "Security-Token=nekot"), sigv4.Mismatch},
		"no token":                {edit("&X-Amz-Security-Token=token", ""), sigv4.Mismatch},
		"two tokens":              {edit("&X-Amz-Date", "&X-Amz-Security-Token=b&X-Amz-Date"), sigv4.Malformed},
		"a huge token":            {edit("Security-Token=token", "Security-Token="+strings.Repeat("t", 17<<10)), sigv4.Malformed},
		"a token in a header too": {func(r *sigv4.Request) { r.Header.Set("X-Amz-Security-Token", "other") }, sigv4.Malformed},
		"a date twice":            {edit("&X-Amz-Date", "&X-Amz-Date=20260301T120000Z&X-Amz-Date"), sigv4.Malformed},
		"host unsigned":           {edit("content-type%3Bhost", "content-type"), sigv4.UnsignedHeader},
		"an unsigned header":      {func(r *sigv4.Request) { r.Header.Set("X-Amz-Acl", "public-read") }, sigv4.UnsignedHeader},
		"another header":          {func(r *sigv4.Request) { r.Header.Set("X-Amz-Meta-A", "c") }, sigv4.Mismatch},
		"a changed parameter":     {edit("prefix=p", "prefix=q"), sigv4.Mismatch},
		"a cookie and basic auth": {func(r *sigv4.Request) { r.Header.Set("Authorization", "Basic x") }, sigv4.BothMechanisms},
		"streaming in ECDSA":      {edit("X-Amz-Content-Sha256="+sigv4.HashPayload(nil), "X-Amz-Content-Sha256=STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER"), sigv4.Unsupported},
		"another payload hash":    {edit("X-Amz-Content-Sha256="+sigv4.HashPayload(nil), "X-Amz-Content-Sha256=UNSIGNED-PAYLOAD"), sigv4.Mismatch},
	} {
		t.Run(name, func(t *testing.T) {
			r := presigned(t, newRequest(), signOptions())
			before := r.RawQuery + fmt.Sprint(r.Header)
			tc.change(r)
			if before == r.RawQuery+fmt.Sprint(r.Header) {
				t.Fatal("the case changes nothing")
			}
			_, err := verify(r, options())
			presigned := tc.want != sigv4.BothMechanisms
			wantReason(t, err, tc.want, presigned)
		})
	}
}

func TestTheBodysHashMayStandInAHeaderOfAPresignedRequest(t *testing.T) {
	for name, tc := range map[string]struct {
		signed, header string
		accepted       bool
	}{
		"the hash that was signed":   {sigv4.HashPayload(nil), sigv4.HashPayload(nil), true},
		"another hash":               {sigv4.HashPayload(nil), sigv4.HashPayload([]byte("x")), false},
		"a hash of an unsigned body": {sigv4.UnsignedPayload, sigv4.HashPayload(nil), false},
		"an unsigned body, in words": {sigv4.UnsignedPayload, sigv4.UnsignedPayload, true},
	} {
		t.Run(name, func(t *testing.T) {
			o := signOptions()
			o.PayloadHash = tc.signed
			r := presigned(t, newRequest(), o)
			r.Header.Set("X-Amz-Content-Sha256", tc.header)
			if _, err := verify(r, options()); (err == nil) != tc.accepted {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestBodySHA256IsUsedWithoutAPayloadHash(t *testing.T) {
	body := []byte(`{"UserPoolId":"x"}`)
	r := &sigv4.Request{Method: "POST", Host: "h", Header: http.Header{}, ContentLength: int64(len(body))}
	so := signOptions()
	so.Service, so.PayloadHash = "sts", sigv4.HashPayload(body)
	signed(t, r, so)
	o := options()
	_, err := verify(r, o)
	wantReason(t, err, sigv4.NoPayloadHash, false)
	o.BodySHA256 = sigv4.HashPayload([]byte("other"))
	_, err = verify(r, o)
	wantReason(t, err, sigv4.Mismatch, false)
	o.BodySHA256 = sigv4.HashPayload(body)
	if _, err = verify(r, o); err != nil {
		t.Error(err)
	}
	r.Header.Set("X-Amz-Content-Sha256", sigv4.UnsignedPayload)
	so.PayloadHash = sigv4.UnsignedPayload
	signed(t, r, so)
	_, err = verify(r, o)
	wantReason(t, err, sigv4.BadPayloadHash, false)

	empty := presigned(t, &sigv4.Request{Method: "GET", Host: "h", RawQuery: "Action=GetCallerIdentity"},
		sigv4.SignOptions{Time: signTime, Region: "eu-west-1", Service: "sts", Expires: time.Minute})
	if _, err := verify(empty, options()); err != nil {
		t.Errorf("a presigned request without body: %v", err)
	}
}

func TestTheKeyCacheNeverMixesIdentities(t *testing.T) {
	o := options()
	o.Keys = sigv4.NewKeyCache(2)
	const identities = 8
	requests := make([]*sigv4.Request, identities)
	secret := func(i int) string { return fmt.Sprintf("secret %d", i) }
	for i := range requests {
		requests[i] = newRequest()
		c := sigv4.Credentials{AccessKeyID: "ASIASHARED", SecretAccessKey: secret(i)}
		if err := sigv4.Sign(requests[i], c, signOptions()); err != nil {
			t.Fatal(err)
		}
	}
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for n := range 400 {
				i, j := (n+g)%identities, (n/identities)%identities
				a, err := sigv4.Parse(requests[i])
				if err != nil {
					t.Error(err)
					return
				}
				if _, err := a.Verify(secret(j), o); (err == nil) != (i == j) {
					t.Errorf("request of %d with the secret of %d: %v", i, j, err)
				}
			}
		})
	}
	wg.Wait()
}

func TestReasonsHaveText(t *testing.T) {
	seen := map[string]bool{}
	for r := sigv4.Missing; r <= sigv4.ManyChecksums; r++ {
		if text := r.String(); text == "unknown reason" || seen[text] {
			t.Errorf("reason %d reads %q", r, text)
		}
		seen[r.String()] = true
	}
	if sigv4.Reason(0).String() != "unknown reason" || sigv4.Reason(200).String() != "unknown reason" {
		t.Error("unknown reasons have text")
	}
	if !errors.Is(&sigv4.Error{Reason: sigv4.Expired, Detail: "x"}, &sigv4.Error{Reason: sigv4.Expired}) ||
		errors.Is(&sigv4.Error{Reason: sigv4.Expired}, &sigv4.Error{Reason: sigv4.Skewed}) {
		t.Error("errors do not compare by reason")
	}
}
