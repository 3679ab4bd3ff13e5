package strictjson_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/sluicegate/sluice/strictjson"
)

func TestParseReturnsPositions(t *testing.T) {
	src := ` {"a": [1, "x\u00e9", true, null],` + "\n" + `  "b": {"c": -1.5e3}, "a": ""}`
	root, err := strictjson.Parse([]byte(src))
	if err != nil {
		t.Fatal(err)
	}
	text := func(n *strictjson.Node) string { return src[n.Offset:n.End] }
	list, object := root.Members[0].Value, root.Members[1].Value
	for got, want := range map[string]string{
		text(root):                       strings.TrimSpace(src),
		text(list):                       `[1, "x\u00e9", true, null]`,
		text(list.Items[1]):              `"x\u00e9"`,
		list.Items[1].Text:               "xé",
		list.Items[2].Text:               "true",
		text(object.Members[0].Value):    "-1.5e3",
		object.Members[0].Value.Text:     "-1.5e3",
		src[root.Members[1].Offset:][:3]: `"b"`,
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if kinds := fmt.Sprint(root.Kind, list.Kind, list.Items[3].Kind, list.Items[0].Kind); kinds != "an object a list null a number" {
		t.Error(kinds)
	}
	if err := root.Duplicate(); err == nil || err.In([]byte(src)).Error() != `2:23: the member "a" is given twice` {
		t.Error(err)
	}
}

func TestDuplicateFindsNestedNames(t *testing.T) {
	for src, want := range map[string]bool{
		`{"a":1,"b":{"a":1}}`:          false,
		`[{"a":1},{"a":1}]`:            false,
		`[0,{"b":{"a":1,"\u0061":2}}]`: true,
		`{"a":[{"x":1,"x":1}]}`:        true,
	} {
		root, err := strictjson.Parse([]byte(src))
		if err != nil {
			t.Fatal(err)
		}
		if got := root.Duplicate() != nil; got != want {
			t.Errorf("%s: %v", src, got)
		}
	}
}

func TestErrorsNameTheirPosition(t *testing.T) {
	for src, want := range map[string]string{
		"":                         "1:1: the document ends",
		"{":                        "1:2: expected a member's name",
		"{\"a\" 1}":                "1:6: expected a colon",
		"[1 2]":                    "1:4: expected a comma",
		"[1]\n x":                  "2:2: text after the end",
		"[01]":                     "1:2: not a number",
		"[1.]":                     "1:2: not a number",
		"[+1]":                     "1:2: unexpected '+'",
		"[\"\x01\"]":               "1:3: a control character",
		"[\"\xff\"]":               "1:3: text that is not UTF-8",
		`["\ud800"]`:               "1:3: an escape that is not a character",
		`["\x"]`:                   "1:3: an escape that JSON does not have",
		`["a`:                      "1:2: a string without its closing quote",
		strings.Repeat("[", 10000): "1:34: nested deeper than 32 levels",
	} {
		_, err := strictjson.Parse([]byte(src))
		if err == nil || !strings.HasPrefix(err.In([]byte(src)).Error(), want) {
			t.Errorf("%.20q: %v, want %s", src, err, want)
		}
	}
}

// FuzzParse compares with encoding/json, which accepts what Parse accepts, and gives the same value.
func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"a":[1,2.5e-3,"x\n\u20ac\ud83d\ude00",true,false,null,{}]}`))
	f.Add([]byte(`[0, -0, 1E+2, "\/\\"]`))
	f.Fuzz(func(t *testing.T, src []byte) {
		root, err := strictjson.Parse(src)
		if err != nil {
			line, column := strictjson.NewPlaces(src, 1, 1).At(err.Offset)
			if line < 1 || column < 1 {
				t.Fatalf("%d:%d", line, column)
			}
			return
		}
		if !json.Valid(src) {
			t.Fatal("accepted what encoding/json refuses")
		}
		var check func(n *strictjson.Node)
		check = func(n *strictjson.Node) {
			part := src[n.Offset:n.End]
			if !json.Valid(part) {
				t.Fatalf("the position of a value: %q", part)
			}
			if n.Kind == strictjson.String {
				var want string
				if err := json.Unmarshal(part, &want); err != nil || want != n.Text || !utf8.ValidString(n.Text) {
					t.Fatalf("%q: %q, want %q, %v", part, n.Text, want, err)
				}
			}
			for _, item := range n.Items {
				check(item)
			}
			for _, m := range n.Members {
				check(m.Value)
			}
		}
		check(root)
	})
}
