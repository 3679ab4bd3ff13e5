package compat_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"sort"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/sluicegate/sluice/api"
	"github.com/sluicegate/sluice/authz/principal"
	"github.com/sluicegate/sluice/server/awsjson"
	"github.com/sluicegate/sluice/server/query"
	"github.com/sluicegate/sluice/server/rpc"
)

// everyone lets every call pass.
type everyone struct{}

func (everyone) Authenticate(_ context.Context, c *rpc.Call) error {
	c.Principal = &principal.Principal{}
	return nil
}
func (everyone) Authorize(context.Context, *rpc.Call) error { return nil }

// breach is one input that breaks one constraint: the value at a path is replaced, or left out if there is none.
type breach struct {
	path  []string // names of members, and indexes of lists
	value any
	shape *api.Shape
	null  bool
}

// TestEveryConstraintOfEveryOperation breaks each constraint of each operation once, and all of an operation's at once. The inputs
// that it begins with break none. The functions of the operations are not reached: they have no services, and would panic.
func TestEveryConstraintOfEveryOperation(t *testing.T) {
	constraints := 0
	for _, a := range apis {
		handler := handlerOf(t, a.API)
		for _, name := range a.Registry.Operations() {
			op := a.Service.Operation(name)
			good := sample(t, op.Input, 0).(map[string]any)
			var all []breach
			breaches(t, op.Input, good, nil, &all)
			constraints += len(all)
			for _, b := range all {
				t.Run(fmt.Sprintf("%s/%s/%s=%.40v", a.Service.ID, name, strings.Join(b.path, "."), b.value), func(t *testing.T) {
					want := texts(a.Service, b)
					check(t, a.Service, handler, name, changed(good, b.path, b.value, b.null), message(want))
				})
			}
			if together := required(op.Input); len(together) > 1 {
				check(t, a.Service, handler, name, map[string]any{}, message(together))
			}
			if a.Service.Protocol == api.JSON {
				wrongTypes(t, a.Service, handler, op, good)
			}
		}
	}
	if constraints < 1500 {
		t.Errorf("only %d constraints", constraints)
	}
	t.Logf("note: %d constraints", constraints)
}

func handlerOf(t *testing.T, a rpc.API) http.Handler {
	t.Helper()
	config := rpc.Config{APIs: []rpc.API{a}, Authorizer: everyone{}, Log: slog.New(slog.DiscardHandler), Rand: rand.Reader}
	var handler http.Handler
	var err error
	if a.Service.Protocol == api.Query {
		handler, err = query.New(config)
	} else {
		handler, err = awsjson.New(config)
	}
	if err != nil {
		t.Fatal(err)
	}
	return handler
}

// check sends an input and compares the answer.
func check(t *testing.T, service *api.Service, handler http.Handler, operation string, in any, want string) {
	t.Helper()
	status, code, text := call(t, service, handler, operation, in)
	if status != http.StatusBadRequest || code != service.ValidationError || text != want {
		t.Errorf("%s:%s\n%.300v\ngot  %d %s: %s\nwant 400 %s: %s", service.ID, operation, in, status, code, text, service.ValidationError, want)
	}
}

func call(t *testing.T, service *api.Service, handler http.Handler, operation string, in any) (status int, code, text string) {
	t.Helper()
	w := httptest.NewRecorder()
	if service.Protocol == api.Query {
		form := url.Values{"Action": {operation}, "Version": {service.Version}}
		formOf(form, "", in)
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		handler.ServeHTTP(w, r)
		var answer struct {
			Code    string `xml:"Error>Code"`
			Message string `xml:"Error>Message"`
		}
		if err := xml.Unmarshal(w.Body.Bytes(), &answer); err != nil {
			t.Fatal(err)
		}
		return w.Code, answer.Code, answer.Message
	}
	body, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(string(body)))
	r.Header.Set("Content-Type", awsjson.ContentType)
	r.Header.Set("X-Amz-Target", service.TargetPrefix+"."+operation)
	handler.ServeHTTP(w, r)
	var answer struct {
		Type    string `json:"__type"`
		Message string `json:"message"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
		t.Fatal(err)
	}
	return w.Code, answer.Type, answer.Message
}

// formOf writes an input as parameters of the Query protocol.
func formOf(form url.Values, at string, in any) {
	join := func(name string) string {
		if at == "" {
			return name
		}
		return at + "." + name
	}
	switch v := in.(type) {
	case map[string]any:
		for name, value := range v {
			formOf(form, join(name), value)
		}
	case []any:
		for i, value := range v {
			formOf(form, join("member."+strconv.Itoa(i+1)), value)
		}
	default:
		form.Set(at, fmt.Sprint(v))
	}
}

// changed returns a copy of an input in which the value at a path is another, or is left out.
func changed(in any, path []string, value any, leaveOut bool) any {
	if len(path) == 0 {
		return value
	}
	switch v := in.(type) {
	case map[string]any:
		out := map[string]any{}
		for name, old := range v {
			out[name] = old
		}
		if delete(out, path[0]); !leaveOut || len(path) > 1 {
			out[path[0]] = changed(v[path[0]], path[1:], value, leaveOut)
		}
		return out
	case []any:
		i, _ := strconv.Atoi(path[0])
		out := slices.Clone(v)
		out[i] = changed(v[i], path[1:], value, leaveOut)
		return out
	}
	return value
}

// where returns a path as messages write it.
func where(path []string) string {
	var parts []string
	for _, name := range path {
		if i, err := strconv.Atoi(name); err == nil {
			parts = append(parts, strconv.Itoa(i+1), "member")
			continue
		}
		parts = append(parts, strings.ToLower(name[:1])+name[1:])
	}
	return strings.Join(parts, ".")
}

// texts are the messages about one value, rewritten from AWS's form.
func texts(service *api.Service, b breach) []string {
	at := " at '" + where(b.path) + "' failed to satisfy constraint: "
	if b.null {
		return []string{"Value null" + at + "Member must not be null"}
	}
	s, noun, n := b.shape, "length", int64(0)
	shown := " '" + fmt.Sprint(b.value) + "'"
	switch v := b.value.(type) {
	case string:
		n = int64(utf8.RuneCountInString(v))
	case int:
		noun, n = "value", int64(v)
	case []any:
		n = int64(len(v))
		var elements []string
		for _, e := range v {
			elements = append(elements, fmt.Sprint(e))
		}
		shown = " '[" + strings.Join(elements, ", ") + "]'"
	}
	if service.ID == "iam" || secret(s) {
		shown = ""
	}
	broken := brokenBy(s, b.value, noun, n)
	if list, ok := b.value.([]any); ok && s.Elem.Kind == api.String {
		var inner []string
		for _, e := range list {
			text, _ := e.(string)
			for _, c := range brokenBy(s.Elem, e, "length", int64(utf8.RuneCountInString(text))) {
				if !slices.Contains(inner, c) {
					inner = append(inner, c)
				}
			}
		}
		if service.ID == "iam" && len(inner) > 0 { // IAM names all constraints of the elements
			inner = allOf(s.Elem)
		}
		if len(inner) > 0 {
			broken = append(broken, "Member must satisfy constraint: ["+strings.Join(inner, ", ")+"]")
		}
	}
	for i := range broken {
		broken[i] = "Value" + shown + at + broken[i]
	}
	return broken
}

// allOf are all constraints of a text in the order of IAM's messages.
func allOf(s *api.Shape) (all []string) {
	if s.HasMax {
		all = append(all, fmt.Sprintf("Member must have length less than or equal to %d", s.Max))
	}
	if s.HasMin {
		all = append(all, fmt.Sprintf("Member must have length greater than or equal to %d", s.Min))
	}
	if s.Pattern != nil {
		all = append(all, "Member must satisfy regular expression pattern: "+s.Pattern.Source, "Member must not be null")
	}
	return all
}

// brokenBy are the constraints of a shape that a value breaks. n is its size in noun.
func brokenBy(s *api.Shape, value any, noun string, n int64) (broken []string) {
	if s.HasMin && n < s.Min {
		broken = append(broken, fmt.Sprintf("Member must have %s greater than or equal to %d", noun, s.Min))
	}
	if s.HasMax && n > s.Max {
		broken = append(broken, fmt.Sprintf("Member must have %s less than or equal to %d", noun, s.Max))
	}
	if text, ok := value.(string); ok {
		if s.Enum != nil && !slices.Contains(s.Enum, text) {
			broken = append(broken, "Member must satisfy enum value set: ["+strings.Join(s.Enum, ", ")+"]")
		}
		if s.Pattern != nil && !s.Pattern.Match(text) {
			broken = append(broken, "Member must satisfy regular expression pattern: "+s.Pattern.Source)
		}
	}
	return broken
}

func secret(s *api.Shape) bool {
	return s.Sensitive || s.Elem != nil && secret(s.Elem) || slices.ContainsFunc(s.Members, func(m api.Member) bool { return secret(m.Shape) })
}

// message joins the messages of several breaches.
func message(all []string) string {
	plural := "s"
	if len(all) == 1 {
		plural = ""
	}
	return fmt.Sprintf("%d validation error%s detected: %s", len(all), plural, strings.Join(all, "; "))
}

// required are the messages about an empty input.
func required(s *api.Shape) (all []string) {
	for _, m := range s.Members {
		if m.Required {
			all = append(all, "Value null at '"+where([]string{m.Name})+"' failed to satisfy constraint: Member must not be null")
		}
	}
	sort.Strings(all)
	return all
}

// wrongTypes sends a value of another type for each member.
func wrongTypes(t *testing.T, service *api.Service, handler http.Handler, op *api.Operation, good map[string]any) {
	t.Helper()
	for _, m := range op.Input.Members {
		wrong := any([]any{map[string]any{"a": 1}})
		switch m.Shape.Kind {
		case api.List:
			wrong = "text"
		case api.Document:
			continue
		default: // takes no list
		}
		status, code, _ := call(t, service, handler, op.Name, changed(good, []string{m.Name}, wrong, false))
		if status != http.StatusBadRequest || code != "SerializationException" {
			t.Errorf("%s:%s with %s of another type: %d %s", service.ID, op.Name, m.Name, status, code)
		}
	}
}
