package token

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// strictJSON are texts by name, and whether ParseClaims accepts them.
var strictJSON = map[string]struct {
	text string
	ok   bool
}{
	"an empty object":                      {`{}`, true},
	"white space everywhere":               {" {\t\"a\" :\r\n1 , \"b\": [ 1 , 2 ] } ", true},
	"all kinds of values":                  {`{"a":"x","b":1,"c":-0.5e+10,"d":true,"e":false,"f":null,"g":[],"h":{}}`, true},
	"all escapes":                          {`{"a":"\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00"}`, true},
	"sixteen levels":                       {`{"a":` + strings.Repeat("[", 15) + strings.Repeat("]", 15) + `}`, true},
	"seventeen levels":                     {`{"a":` + strings.Repeat("[", 16) + strings.Repeat("]", 16) + `}`, false},
	"one name in two objects":              {`{"a":{"a":1},"b":{"a":1}}`, true},
	"a hundred members":                    {wide(100) + "}", true},
	"a hundred members, the last a double": {wide(100) + `,"c7":1}`, false},
	"forty members, the last a double":     {wide(40) + `,"c39":1}`, false},
	"a double in an object in an array":    {`{"a":[{"b":1,"b":2}]}`, false},
	"a double by surrogates":               {`{"😀":1,"\ud83d\ude00":2}`, false},
	"names that differ in case":            {`{"a":1,"A":2}`, true},
	"an empty name twice":                  {`{"":1,"":2}`, false},
	"nothing":                              {``, false},
	"white space":                          {` `, false},
	"a string":                             {`"a"`, false},
	"an array":                             {`[]`, false},
	"two objects":                          {`{}{}`, false},
	"a byte order mark":                    {"\ufeff{}", false},
	"a comma too many":                     {`{"a":1,}`, false},
	"a comma too many in an array":         {`{"a":[1,]}`, false},
	"no colon":                             {`{"a" 1}`, false},
	"no value":                             {`{"a":}`, false},
	"a name without quotes":                {`{a:1}`, false},
	"single quotes":                        {`{'a':1}`, false},
	"a comment":                            {`{/**/"a":1}`, false},
	"a leading zero":                       {`{"a":01}`, false},
	"a plus sign":                          {`{"a":+1}`, false},
	"a point without digits":               {`{"a":1.}`, false},
	"a power without digits":               {`{"a":1e}`, false},
	"a minus alone":                        {`{"a":-}`, false},
	"infinity":                             {`{"a":Infinity}`, false},
	"a word cut short":                     {`{"a":tru}`, false},
	"a word that goes on":                  {`{"a":nullx}`, false},
	"a control character":                  {"{\"a\":\"\x01\"}", false},
	"a raw line break":                     {"{\"a\":\"\n\"}", false},
	"an unknown escape":                    {`{"a":"\x41"}`, false},
	"an escape cut short":                  {`{"a":"\u00"}`, false},
	"a string without end":                 {`{"a":"b`, false},
	"a lone low surrogate":                 {`{"a":"\udc00"}`, false},
	"two high surrogates":                  {`{"a":"\ud800\ud800"}`, false},
	"broken UTF-8 in a name":               {"{\"\xc3\":1}", false},
	"an overlong encoding":                 {"{\"a\":\"\xc0\xaf\"}", false},
	"a surrogate in UTF-8":                 {"{\"a\":\"\xed\xa0\x80\"}", false},
	"more than 65,535 bytes":               {`{"a":"` + strings.Repeat("x", 65536) + `"}`, false},
}

// wide returns the start of an object with n members.
func wide(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"c%d":%d`, i, i)
	}
	return "{" + b.String()[1:]
}

func TestParseClaimsAcceptsStrictJSONOnly(t *testing.T) {
	for name, tc := range strictJSON {
		t.Run(name, func(t *testing.T) {
			parsed, err := ParseClaims(tc.text)
			if (err == nil) != tc.ok {
				t.Fatalf("error %v, accepted should be %v", err, tc.ok)
			}
			if tc.ok {
				compare(t, tc.text, &parsed)
			}
		})
	}
}

// compare checks that encoding/json reads the same claims.
func compare(t *testing.T, text string, parsed *Claims) {
	t.Helper()
	var want map[string]any
	if err := exactly(text, &want); err != nil {
		t.Fatalf("accepted what encoding/json refuses: %v", err)
	}
	if parsed.Len() != len(want) {
		t.Fatalf("%d claims, want %d", parsed.Len(), len(want))
	}
	for name, raw := range parsed.All() {
		var got any
		if err := exactly(raw, &got); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if fmt.Sprintf("%#v", got) != fmt.Sprintf("%#v", want[name]) {
			t.Errorf("%s: got %#v, want %#v", name, got, want[name])
		}
		if again, ok := parsed.Raw(name); !ok || again != raw {
			t.Errorf("%s: Raw gives %q, All %q", name, again, raw)
		}
		values, _ := parsed.Values(name)
		if text, ok := want[name].(string); ok && !slices.Equal(values, []string{text}) {
			t.Errorf("%s: values %q, want %q", name, values, text)
		}
	}
}

// exactly reads JSON and keeps the spelling of numbers.
func exactly(text string, to any) error {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	return d.Decode(to)
}

func TestValuesOfAClaim(t *testing.T) {
	parsed, err := ParseClaims(`{"s":"x","e":"a\u0041","n":1.50,"b":true,"z":null,"a":["x",1,false,null,{"k":1},["y"]],"o":{"p":{"q":["r"]}},
		"https:\/\/example.com\/roles":["admin"], "empty":[]}`)
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		path  []string
		want  []string
		there bool
	}{
		"a string":                     {[]string{"s"}, []string{"x"}, true},
		"a string with escapes":        {[]string{"e"}, []string{"aA"}, true},
		"a number in its own spelling": {[]string{"n"}, []string{"1.50"}, true},
		"a boolean":                    {[]string{"b"}, []string{"true"}, true},
		"null is there and is nothing": {[]string{"z"}, nil, true},
		"an array":                     {[]string{"a"}, []string{"x", "1", "false", `{"k":1}`, `["y"]`}, true},
		"an empty array":               {[]string{"empty"}, nil, true},
		"an object":                    {[]string{"o"}, []string{`{"p":{"q":["r"]}}`}, true},
		"a path":                       {[]string{"o", "p", "q"}, []string{"r"}, true},
		"a path into a string":         {[]string{"s", "x"}, nil, false},
		"a path that ends early":       {[]string{"o", "x", "q"}, nil, false},
		"a name that is not there":     {[]string{"S"}, nil, false},
		"a name with escapes":          {[]string{"https://example.com/roles"}, []string{"admin"}, true},
		"no name":                      {nil, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			got, there := parsed.Values(tc.path...)
			if there != tc.there || !slices.Equal(got, tc.want) {
				t.Errorf("got %q, %v; want %q, %v", got, there, tc.want, tc.there)
			}
		})
	}
}
