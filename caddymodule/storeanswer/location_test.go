package storeanswer

import (
	"bytes"
	"strings"
	"testing"
)

// Stores write the document in pieces of any size, with spaces before it while they work.
func TestOnlyTheLocationIsReplacedHoweverTheDocumentIsSplit(t *testing.T) {
	const address = "https://s3.example/b/a%2Fb&c"
	for name, tc := range map[string]struct{ document, want string }{
		"the store's address":   {"  <R><Location>http://store:9000/b/a/b</Location><Bucket>b</Bucket></R>", "  <R><Location>https://s3.example/b/a%2Fb&amp;c</Location><Bucket>b</Bucket></R>"},
		"none":                  {"<Error><Code>InternalError</Code></Error><", "<Error><Code>InternalError</Code></Error><"},
		"tags that begin alike": {"<R><Loc/><Locations/><Location></Locatio></Location>x</R>", "<R><Loc/><Locations/><Location>https://s3.example/b/a%2Fb&amp;c</Location>x</R>"},
		"one that does not end": {"<R><Location>http://store", "<R><Location>"},
		"a second one":          {"<Location>1</Location><Location>2</Location>", "<Location>https://s3.example/b/a%2Fb&amp;c</Location><Location>2</Location>"},
	} {
		for size := 1; size <= len(tc.document); size++ {
			var out bytes.Buffer
			w := &locationWriter{w: &out, address: address}
			for rest := tc.document; rest != ""; {
				piece := rest[:min(size, len(rest))]
				if n, err := w.Write([]byte(piece)); n != len(piece) || err != nil {
					t.Fatal(n, err)
				}
				rest = rest[len(piece):]
			}
			if err := w.end(); err != nil || out.String() != tc.want {
				t.Errorf("%s, in pieces of %d: %q, %v; want %q", name, size, out.String(), err, tc.want)
			}
		}
	}
}

func FuzzLocation(f *testing.F) {
	f.Add("<R><Location>http://store/b</Location></R>", 3)
	f.Fuzz(func(t *testing.T, document string, size int) {
		if size < 1 || len(document) > 1<<12 {
			return
		}
		write := func(size int) string {
			var out strings.Builder
			w := &locationWriter{w: &out, address: "x"}
			for rest := document; rest != ""; rest = rest[min(size, len(rest)):] {
				if _, err := w.Write([]byte(rest[:min(size, len(rest))])); err != nil {
					t.Fatal(err)
				}
			}
			if err := w.end(); err != nil {
				t.Fatal(err)
			}
			return out.String()
		}
		if whole, split := write(len(document)+1), write(size); whole != split {
			t.Errorf("in pieces of %d: %q, whole: %q", size, split, whole)
		}
	})
}
