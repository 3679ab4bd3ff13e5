package sigv4

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// plainHeaders implements the rule for canonical headers literally, without optimizations.
func plainHeaders(r *Request, list string, takesAbsent bool) (string, Reason) {
	names := strings.Split(list, ";")
	if len(names) > maxSignedHeaders {
		return "", Malformed
	}
	var canonical strings.Builder
	for key, values := range r.Header {
		if name := strings.ToLower(key); strings.HasPrefix(name, "x-amz-") && name != "x-amz-" &&
			(len(values) == 0 && slices.Contains(names, name) || name != "x-amz-cf-id" && !slices.Contains(names, name)) {
			return "", UnsignedHeader
		}
	}
	for i, name := range names {
		var values []string
		for key, some := range r.Header {
			if strings.ToLower(key) == name {
				values = some
			}
		}
		switch {
		case slices.Contains(names[:i], name):
			return "", Malformed
		case name == "host":
			values = []string{r.Host}
		case len(values) == 0 && name == "content-length" && r.ContentLength >= 0:
			values = []string{fmt.Sprint(r.ContentLength)}
		case len(values) == 0 && len(slices.Compact(slices.Sorted(slices.Values(names)))) < len(names):
			return "", Malformed // either error is correct
		case len(values) == 0 && name != strings.ToLower(name):
			return "", Mismatch
		case len(values) == 0 && !takesAbsent:
			return "", Incomplete
		case len(values) == 0:
			values = []string{""}
		}
		for j, value := range values {
			value = strings.Trim(value, " \t")
			for strings.Contains(value, "  ") {
				value = strings.ReplaceAll(value, "  ", " ")
			}
			canonical.WriteString([]string{name + ":", ","}[min(j, 1)] + value)
		}
		canonical.WriteString("\n")
	}
	if !slices.Contains(names, "host") {
		return "", UnsignedHeader
	}
	return canonical.String(), 0
}

func TestSignedHeadersAreThoseThatThePlainRuleGives(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(11, 12))
	keys := []string{
		"X-Amz-Date", "User-Agent", "X-Amz-Content-Sha256", "X-Amz-Security-Token", "Range", "Te", "Amz-Sdk-Invocation-Id", "Accept-Encoding",
		"Amz-Sdk-Request", "X-Amz-", "X-Amz-A", "X-Amz-B", "Content-Length", "Content-Type", "X-Amz-Meta-" + strings.Repeat("Long-", 5) + "Name",
		"X-Amz-Meta-" + strings.Repeat("Long-", 15) + "Name", "X_Amz-Date", "", "X-Amz-Cf-Id",
	}
	values := [][]string{{"a"}, {"", "b"}, {"  a   b "}, {"\ta\t b\t"}, {"a", " b  c", "d"}, {}, nil, {strings.Repeat("t", 900)}, {"  "}}
	s := newScratch()
	good := 0
	for range rounds(20_000) {
		r := &Request{Host: "h  h", ContentLength: int64(random.IntN(3) - 1), Header: http.Header{}}
		names := []string{"host"}
		for _, key := range keys {
			if random.IntN(3) > 0 {
				r.Header[key] = values[min(random.IntN(40)%len(values), len(values)-1)]
				if random.IntN(10) > 0 {
					names = append(names, strings.ToLower(key))
				}
			}
		}
		if random.IntN(2) > 0 { // an invalid change
			names = append(names, []string{"x-amz-date", "Range", "host", "content-length", "absent", ""}[random.IntN(6)])
		}
		if random.IntN(100) == 0 {
			names = append(names, strings.Split(strings.Repeat("content-length;", maxSignedHeaders-random.IntN(20)), ";")...)
		}
		random.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
		list := strings.Join(names[random.IntN(20)/19:], ";")
		takesAbsent := random.IntN(2) > 0
		want, reason := plainHeaders(r, list, takesAbsent)
		var got []byte
		err := s.loadHeaders(r, list, false)
		if err == nil {
			s.takesAbsent = takesAbsent
			got, err = s.appendHeaders(nil, r, form{})
		}
		switch {
		case err == nil && reason == 0 && string(got) == want:
			good++
		case err != nil && err.Reason == reason:
		default:
			t.Fatalf("%s of %v:\n%q, %v\nplainly\n%q, %v", list, r.Header, got, err, want, reason)
		}
	}
	if good < rounds(500) {
		t.Errorf("only %d of the requests were good", good)
	}
}
