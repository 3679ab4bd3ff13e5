package compat_test

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/sluicegate/sluice/api"
)

// candidates are texts, one of which fits each pattern of the models.
var candidates = []string{"a", "aaaaaaaaaaaaaaaaaaaa", "us-east-1_a", "us-east-1:0-0", "1", "123456", "123456789012", "arn:aws:iam::123456789012:role/r",
	"arn:aws:kms:us-east-1:123456789012:key/mrk-00000000000000000000000000000000", "{####}", "{username}{####}", "a{####}", "/", "/a/", "a.b.c", "a=", "http://a", "https://a.example",
	"00000000-0000-4000-8000-000000000000", "true", "#000000", "en", "terms-of-use", "us-west-2", "+15550100", "arn:aws:s3:::bucket",
	"https://lambda-url.us-east-1.on.aws/", "authenticated", "arn:aws:acm:us-east-1:123456789012:certificate/0", "AKIAEXAMPLE000000000", "{##Click Here##}", "a{##Click##}", "cognito:default", "import-a", "v1", "a@a", "?a", "application/json", "arn:aws:iam::123456789012:saml-provider/a", "arn:aws:iam::123456789012:oidc-provider/a", "arn:aws:iam::123456789012:policy/a", "arn:aws:lambda:us-east-1:123456789012:function:f", "urn:a", "COGNITO", "image/png", "sso0000000000000000000000000"}

// fits returns a text of a shape with at least low and at most high characters; high < 0 for no bound.
func fits(s *api.Shape, low, high int) (string, bool) {
	if s.Enum != nil {
		return s.Enum[0], low <= len(s.Enum[0])
	}
	for _, text := range candidates {
		for _, text := range []string{text, text + strings.Repeat("a", max(low-len(text), 0)), text + strings.Repeat("0", max(low-len(text), 0)),
			strings.Repeat("a", max(low-len(text), 0)) + text} {
			n := utf8.RuneCountInString(text)
			if n >= low && (high < 0 || n <= high) && (s.Pattern == nil || s.Pattern.Match(text)) {
				return text, true
			}
		}
	}
	return "", false
}

func bound(has bool, value int64, otherwise int) int {
	if has {
		return int(value)
	}
	return otherwise
}

// sample returns a value of a shape that breaks no constraint, with required members only below the first level.
func sample(t *testing.T, s *api.Shape, depth int) any {
	t.Helper()
	switch s.Kind {
	case api.String:
		text, ok := fits(s, bound(s.HasMin, s.Min, 0), bound(s.HasMax, s.Max, -1))
		if !ok {
			t.Errorf("no candidate fits %s: %d to %d characters, %v", s.Name, s.Min, s.Max, s.Pattern)
		}
		return text
	case api.Boolean:
		return true
	case api.Integer, api.Long, api.Double:
		return bound(s.HasMin, s.Min, 0)
	case api.Time:
		return 1
	case api.Blob:
		return "YQ=="
	case api.Document:
		return map[string]any{}
	case api.List:
		list := []any{}
		for range max(bound(s.HasMin, s.Min, 0), 1) {
			list = append(list, sample(t, s.Elem, depth+1))
		}
		return list
	case api.Map:
		return map[string]any{sample(t, s.Key, depth+1).(string): sample(t, s.Elem, depth+1)}
	default: // a structure
	}
	in := map[string]any{}
	for _, m := range s.Members {
		if m.Required || depth < 3 {
			in[m.Name] = sample(t, m.Shape, depth+1)
		}
	}
	return in
}

// breaches lists one breach for each constraint at or below the path.
func breaches(t *testing.T, s *api.Shape, in any, path []string, all *[]breach) {
	t.Helper()
	add := func(value any) { *all = append(*all, breach{path: path, value: value, shape: s}) }
	switch s.Kind {
	case api.Structure:
		for _, m := range s.Members {
			value, given := in.(map[string]any)[m.Name]
			at := append(slices.Clone(path), m.Name)
			if m.Required {
				*all = append(*all, breach{path: at, shape: m.Shape, null: true})
			}
			if given {
				breaches(t, m.Shape, value, at, all)
			}
		}
	case api.List:
		list := in.([]any)
		if s.Elem.Kind == api.Structure && len(list) > 0 {
			breaches(t, s.Elem, list[0], append(slices.Clone(path), "0"), all)
		}
		if s.HasMin && s.Min > 0 {
			add(slices.Clone(list[:s.Min-1]))
		}
		if s.Elem.Kind == api.String {
			var inner []breach
			breaches(t, s.Elem, nil, nil, &inner)
			for _, b := range inner {
				add(append(slices.Clone(list), b.value))
			}
		}
		if s.HasMax && s.Max < 200 && s.Elem.Kind == api.String {
			longer := []any{}
			for range s.Max + 1 {
				longer = append(longer, sample(t, s.Elem, 9))
			}
			add(longer)
		}
	case api.Integer, api.Long:
		if s.HasMin {
			add(int(s.Min) - 1)
		}
		if s.HasMax {
			add(int(s.Max) + 1)
		}
	case api.String:
		if s.HasMin && s.Min > 0 {
			add(strings.Repeat("a", int(s.Min)-1))
		}
		if s.HasMax && s.Max <= 4096 {
			add(strings.Repeat("a", int(s.Max)+1))
		}
		if s.Enum != nil {
			add("NO_SUCH_VALUE")
		}
		if s.Pattern != nil {
			for _, text := range []string{"a b", "\n", "a\x7f", "ä", "?"} {
				if n := int64(utf8.RuneCountInString(text)); !s.Pattern.Match(text) && (!s.HasMin || n >= s.Min) && (!s.HasMax || n <= s.Max) {
					add(text)
					break
				}
			}
		}
	default: // has no constraints
	}
}
