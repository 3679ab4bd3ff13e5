package sigv4

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// checkPathScan compares what a scan finds of a path with what the plain way makes of it.
func checkPathScan(t testing.TB, path string) {
	t.Helper()
	var known seen
	known.scanPath(path)
	plain := path != "" && checkPath(path) == nil && string(appendPath(nil, path, S3Rule)) == path
	if known.path != plain {
		t.Errorf("path %q: scanned as canonical %v, but it is %v", path, known.path, plain)
	}
}

// checkQueryScan compares what a scan finds of a query with what the plain way makes of it, as of an ordinary request and as
// of a presigned one.
func checkQueryScan(t testing.TB, query string) {
	t.Helper()
	s := newScratch()
	good := checkQuery(query) == nil
	canonical := ""
	if good {
		canonical = string(s.appendQuery(nil, query, false, false))
	}
	var known seen
	known.scanQuery(query, nil)
	if good && canonical == query && query != "" && !(known.encoded && known.sorted) {
		t.Errorf("query %q is canonical, but the scan did not see it", query)
	}
	if known.encoded {
		if !good || known.claims != queryClaims(query) {
			t.Errorf("query %q: passes %v, claims %v, though the scan found %+v", query, good, queryClaims(query), known)
		}
		if got, ok := appendScanned([]byte("x"), query, &known); ok && string(got) != "x"+canonical {
			t.Errorf("query %q: scanned %q, plainly %q", query, got, canonical)
		}
	}

	var taken, plain presignedParts
	known = seen{}
	known.scanQuery(query, &taken)
	if !known.encoded {
		return
	}
	if err := plain.read(query); err != nil {
		t.Fatalf("query %q: a scan took the signature, plainly it is %v", query, err)
	}
	if taken.encoded {
		taken.credential, taken.encoded = unescapeQuery(taken.credential), false
	}
	if taken != plain {
		t.Errorf("query %q: scanned %+v, plainly %+v", query, taken, plain)
	}
	got, ok := appendScanned(nil, query, &known)
	if want := s.appendQuery(nil, query, true, false); ok && string(got) != string(want) {
		t.Errorf("query %q: scanned %q, plainly %q", query, got, want)
	}
}

// randomText joins random pieces of those given.
func randomText(random *rand.Rand, most int, pieces ...string) string {
	var text strings.Builder
	for range random.IntN(most + 1) {
		text.WriteString(pieces[random.IntN(len(pieces))])
	}
	return text.String()
}

func TestWhatAScanCopiesIsWhatThePlainWayMakes(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	for range 50_000 {
		checkPathScan(t, "/"+randomText(random, 12, "a", "b/", "picture.jpg", "~", "%20", "%2F", "%2f", "%41", "%C3%A9", ".", "-_"))
		checkPathScan(t, randomText(random, 9, "a", "/", "//", "%", "%2", "+", "=", "é", "\n", "%zz", "0123456789"))
		// Of canonical pieces, so that most are found encoded, in order and out of it; then of everything.
		checkQueryScan(t, randomText(random, 12, "a=", "b=1", "a=%20", "&", "&c=", "&ab=", "&X-Amz-Date=1", "&a", "longer-than-eight=", "%2F"))
		checkQueryScan(t, randomText(random, 9, "a", "=", "&", "+", "%41", "%2f", "%", "é", "~", "X-Amz-Signature", "AWSAccessKeyId=", "/", "%58-Amz-Credential"))
	}
	for _, length := range []int{0, 1, 7, 8, 9, 15, 16, 17, 64} { // each kind of byte at each place of the scan's words
		for at := range length {
			for c := range 256 {
				text := []byte(strings.Repeat("a", length))
				text[at] = byte(c)
				checkPathScan(t, "/"+string(text))
				checkQueryScan(t, "k="+string(text))
			}
		}
	}
}

func TestASignatureIsCutOutOfAQueryWhereverItStands(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 4))
	parameters := []string{
		"X-Amz-Algorithm=AWS4-HMAC-SHA256", "X-Amz-Credential=AKIA%2F20260301%2Fus-east-1%2Fs3%2Faws4_request", "X-Amz-Date=20260301T120000Z",
		"X-Amz-Expires=60", "X-Amz-SignedHeaders=host%3Brange", "X-Amz-Signature=" + strings.Repeat("0f", 32), "X-Amz-Security-Token=a%2Bb",
		"AWSAccessKeyId=a", "prefix=a%2Fb", "partNumber=1", "partNumber=02", "z=~", "X-Amz-Signature=again", "X-Amz-Date=", "=",
	}
	for range 20_000 {
		random.Shuffle(len(parameters), func(i, j int) { parameters[i], parameters[j] = parameters[j], parameters[i] })
		some := slices.Clone(parameters[:random.IntN(len(parameters)+1)])
		checkQueryScan(t, strings.Join(some, "&"))
		slices.Sort(some)
		checkQueryScan(t, strings.Join(some, "&"))
	}
	checkQueryScan(t, strings.Repeat("a=1&", maxParameters-1)+"a=1")
	checkQueryScan(t, strings.Repeat("a=1&", maxParameters)+"a=1")
	checkQueryScan(t, "b="+strings.Repeat("a", 1<<16-4)+"&a=1") // no place holds such an end
	checkQueryScan(t, "a="+strings.Repeat("a", maxQuery))
}

// A credential that is read before it is decoded says the same as one that is decoded first.
func TestAnEncodedCredentialReadsAsItsText(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(5, 6))
	whole := 0
	for range 50_000 {
		text := randomText(random, 14, "A", "20260301", "%2F", "%2F", "%2F", "%2f", "%41", "aws4_request", "-")
		if checkQuery(text) != nil {
			t.Fatal(text)
		}
		var encoded, plain Auth
		end, ok := encoded.cutEncodedCredential(text)
		if !ok {
			continue
		}
		whole++
		want, found := plain.cutCredential(unescapeQuery(text))
		if !found || end != want || encoded.AccessKeyID != plain.AccessKeyID || encoded.day != plain.day ||
			encoded.Region != plain.Region || encoded.Service != plain.Service {
			t.Errorf("%q: %+v, end %q; decoded first %+v, end %q", text, encoded, end, plain, want)
		}
	}
	if whole < 500 {
		t.Errorf("only %d credentials could be read", whole)
	}
}
