package main

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func TestPatternsKeepTheirMeaningInGo(t *testing.T) {
	for pattern, want := range map[string]string{
		`[\w-]+_[0-9a-zA-Z]+`:      ``,
		`[\S]+`:                    `[^\s\v]+`,
		`[\w\s+=,.@-]+`:            `[\w\s\v+=,.@-]+`,
		`a\sb`:                     `a[\s\v]b`,
		`[\s\v]`:                   ``,
		`[\]\s]`:                   `[\]\s\v]`,
		`\\s`:                      ``,
		`[\u0009\u000A]+`:          `[\x{0009}\x{000A}]+`,
		`[\uE000\u10000-\u10FFFF]`: `[\x{E000}\x{10000}-\x{10FFFF}]`,
		`^[\S]+.*[\S]+$`:           `^[^\s\v]+[^\n\r\x{85}\x{2028}\x{2029}]*[^\s\v]+$`,
		`[.]\.(?s).*`:              ``,
		`(\u002F)|(\u002F[a]+)`:    `(\x{002F})|(\x{002F}[a]+)`,
	} {
		if got, err := goPattern(pattern); err != nil || got != want {
			t.Errorf("goPattern(%s) = %s, %v; want %s", pattern, got, err, want)
		}
	}
	for _, pattern := range []string{`[a\S]`, `(?<!x)y`} {
		if got, err := goPattern(pattern); err == nil {
			t.Errorf("goPattern(%s) = %s, want an error", pattern, got)
		}
	}
}

func TestEnumeratedValuesMakeGoNames(t *testing.T) {
	for value, want := range map[string]string{
		"ALLOW_USER_SRP_AUTH": "AllowUserSrpAuth", "phone_number": "PhoneNumber", "V1_0": "V10", "Equals": "Equals",
		"SignInWithApple": "SignInWithApple", "code": "Code", "terms-of-use": "TermsOfUse",
	} {
		if got := camel(value); got != want {
			t.Errorf("camel(%s) = %s, want %s", value, got, want)
		}
	}
}

// models writes a model and an overlay and loads them as one.
func models(t *testing.T, base, over string) (*model, error) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"base.json": base, "over.json": over} {
		if text == "" {
			continue
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return load(filepath.Join(dir, "base.json"), filepath.Join(dir, "over.json"))
}

const base = `{"operations": {"Get": {"name": "Get", "input": {"shape": "In"}, "errors": [{"shape": "E"}]}},
	"shapes": {"In": {"type": "structure", "required": ["A", "B"], "members": {"A": {"shape": "S"}, "B": {"shape": "S"}, "O": {"shape": "Order"}}},
		"Order": {"type": "string", "enum": ["a", "b"]},
		"S": {"type": "string", "max": 5, "enum": ["x"]}, "E": {"type": "structure", "members": {}, "exception": true},
		"Unused": {"type": "string"}}}`

func TestTheOverlayChangesWhatItNames(t *testing.T) {
	m, err := models(t, base, `{"operations": {"Get": {"errors": [{"shape": "F"}], "authtype": "none"},
			"New": {"name": "New", "input": {"shape": "In"}}},
		"shapes": {"In": {"required": ["A"], "members": {"C": {"shape": "N"}}}, "S": {"min": 0, "enum": ["y"]}, "Order": {"enum": ["b", "a", "c"]},
			"N": {"type": "integer"}, "F": {"type": "structure", "members": {}, "exception": true}}}`)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.prune(nil); err != nil {
		t.Fatal(err)
	}
	get, in, s := m.Operations["Get"], m.Shapes["In"], m.Shapes["S"]
	if len(get.Errors) != 2 || get.AuthType != "none" || get.Input.Shape != "In" || m.Operations["New"] == nil {
		t.Errorf("operation %+v", get)
	}
	if !reflect.DeepEqual(in.Required, []string{"A"}) || len(in.Members) != 4 {
		t.Errorf("structure %+v", in)
	}
	if !reflect.DeepEqual(s.Enum, []string{"x", "y"}) || *s.Min != 0 || *s.Max != 5 {
		t.Errorf("string %+v", s)
	}
	if order := m.Shapes["Order"]; !reflect.DeepEqual(order.Enum, []string{"b", "a", "c"}) {
		t.Errorf("order %+v", order)
	}
	if m.Shapes["Unused"] != nil {
		t.Error("a shape that nothing reaches is kept")
	}
}

func TestAModelThatDoesNotHoldTogetherIsRefused(t *testing.T) {
	for want, over := range map[string]string{
		"refers to Nowhere":        `{"shapes": {"In": {"members": {"C": {"shape": "Nowhere"}}}}}`,
		"requires D":               `{"shapes": {"In": {"required": ["D"]}}}`,
		"repeats a value":          `{"shapes": {"Order": {"enum": ["a"]}}}`,
		"no name or no input":      `{"operations": {"New": {"name": "New"}}}`,
		"locationName":             `{"shapes": {"In": {"members": {"C": {"shape": "S", "locationName": "c"}}}}}`,
		"no operation Put":         "",
		"unknown field":            `{"shapes": {"S": {"maximum": 5}}}`,
		"cannot unmarshal":         `{"shapes": []}`,
		`the type "thing" is none`: `{"shapes": {"S": {"type": "thing"}}}`,
	} {
		m, err := models(t, base, over)
		if err == nil && want == "no operation Put" {
			err = m.prune([]string{"Put"})
		} else if err == nil {
			err = m.prune(nil)
		}
		if err == nil {
			g, _ := newGenerator(target{pkg: "p"}, m)
			_, err = g.files()
			want = strings.Replace(want, `the type "thing" is none`, `type "thing" is not known`, 1)
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestTheSameModelGivesTheSameBytes(t *testing.T) {
	var first map[string][]byte
	for range 5 {
		m, err := models(t, base, "")
		if err != nil {
			t.Fatal(err)
		}
		g, err := newGenerator(target{pkg: "p", about: "test API"}, m)
		if err != nil {
			t.Fatal(err)
		}
		files, err := g.files()
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = files
		}
		if !reflect.DeepEqual(first, files) {
			t.Fatal("two runs differ")
		}
	}
}
