package policy_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/authz/policy"
)

// testCase is a case of the files under testdata/corpus and of "sluice policy test".
type testCase struct {
	Name          string            `json:"name"`
	Policies      []json.RawMessage `json:"policies"`
	Boundary      json.RawMessage   `json:"boundary,omitempty"`
	SessionPolicy json.RawMessage   `json:"session_policy,omitempty"`
	Request       struct {
		Action   string              `json:"action"`
		Resource string              `json:"resource"`
		Context  map[string][]string `json:"context"`
	} `json:"request"`
	Expect string `json:"expect"`
}

// UnmarshalJSON also accepts a context value that is not in a list.
func (c *testCase) UnmarshalJSON(src []byte) error {
	type bare testCase
	var raw struct {
		*bare
		Request struct {
			Action   string         `json:"action"`
			Resource string         `json:"resource"`
			Context  map[string]any `json:"context"`
		} `json:"request"`
	}
	raw.bare = (*bare)(c)
	d := json.NewDecoder(bytes.NewReader(src))
	d.DisallowUnknownFields()
	if err := d.Decode(&raw); err != nil {
		return err
	}
	c.Request.Action, c.Request.Resource = raw.Request.Action, raw.Request.Resource
	c.Request.Context = map[string][]string{}
	for key, value := range raw.Request.Context {
		switch value := value.(type) {
		case string:
			c.Request.Context[key] = []string{value}
		case []any:
			list := []string{}
			for _, v := range value {
				list = append(list, v.(string))
			}
			c.Request.Context[key] = list
		default:
			return fmt.Errorf("context key %s: %v is neither text nor a list", key, value)
		}
	}
	return nil
}

// layers parses the policies of a case. The name of each source is the place that naiveVerdict uses.
func (c testCase) layers(read func([]byte, policy.Kind) (*policy.Document, error)) (*policy.Layers, error) {
	l := &policy.Layers{}
	parse := func(layer string, list []json.RawMessage) ([]policy.Source, error) {
		var out []policy.Source
		for i, src := range list {
			d, err := read(src, policy.Identity)
			if err != nil {
				return nil, fmt.Errorf("%s policy %d: %w", layer, i, err)
			}
			out = append(out, policy.Source{Name: fmt.Sprintf("%s/%d", layer, i), Document: d})
		}
		return out, nil
	}
	identity, err := parse("identity", c.Policies)
	if err != nil {
		return nil, err
	}
	// In every other case each policy is a separate set, as for a principal with several roles.
	if len(c.Name)%2 == 0 {
		l.Identity = []*policy.Set{policy.Compile(identity...)}
	} else {
		for _, s := range identity {
			l.Identity = append(l.Identity, policy.Compile(s))
		}
	}
	for _, limit := range []struct {
		name string
		src  json.RawMessage
		set  **policy.Set
	}{{"boundary", c.Boundary, &l.Boundary}, {"session", c.SessionPolicy, &l.Session}} {
		if limit.src == nil {
			continue
		}
		sources, err := parse(limit.name, optional(limit.src))
		if err != nil {
			return nil, err
		}
		*limit.set = policy.Compile(sources...)
	}
	return l, nil
}

func (c testCase) request() *policy.Request {
	return &policy.Request{Action: c.Request.Action, Resource: c.Request.Resource, Context: policy.MapContext(c.Request.Context)}
}

func verdict(d policy.Decision) naiveVerdict {
	v := naiveVerdict{effect: d.Effect.String()}
	if d.Statement != nil {
		v.statement = fmt.Sprintf("%s/%d", d.Statement.Source, d.Statement.Index)
	}
	return v
}

func readCorpus(t testing.TB) map[string][]testCase {
	t.Helper()
	files, err := filepath.Glob("testdata/corpus/*.json")
	if err != nil || len(files) == 0 {
		t.Fatal("no corpus", err)
	}
	out := map[string][]testCase{}
	for _, name := range files {
		src, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var cases []testCase
		if err := json.Unmarshal(src, &cases); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		out[strings.TrimSuffix(filepath.Base(name), ".json")] = cases
	}
	return out
}

func TestCorpusIsDecidedAsExpected(t *testing.T) {
	total := 0
	for file, cases := range readCorpus(t) {
		names := map[string]bool{}
		effects := map[string]int{}
		for _, c := range cases {
			total++
			if names[c.Name] {
				t.Errorf("%s: duplicate name %q", file, c.Name)
			}
			names[c.Name] = true
			effects[c.Expect]++
			t.Run(file+"/"+c.Name, func(t *testing.T) { runCase(t, c) })
		}
		if len(effects) < 2 {
			t.Errorf("%s: cases of one kind only: %v", file, effects)
		}
	}
	if total < 400 {
		t.Errorf("the corpus has %d cases, want at least 400", total)
	}
}

func runCase(t *testing.T, c testCase) {
	l, err := c.layers(policy.Parse)
	if err != nil {
		t.Fatal(err)
	}
	got := verdict(l.Decide(c.request()))
	if got.effect != c.Expect {
		t.Errorf("decided %s, want %s", got.effect, c.Expect)
	}
	if naive := naiveDecide(newNaive(c), c); naive != got {
		t.Errorf("decided %v, the naive evaluator %v", got, naive)
	}
	checkAccount(t, l, c.request())
}

// checkAccount checks that the account has the decision's effect and that its statements lead to it.
func checkAccount(t *testing.T, l *policy.Layers, r *policy.Request) {
	t.Helper()
	d, a := l.Decide(r), l.Explain(r)
	if a.Effect != d.Effect || a.Layer != d.Layer {
		t.Errorf("the account has %s by %s, the decision is %s by %s", a.Effect, a.Layer, d.Effect, d.Layer)
	}
	denied, allowed := false, map[policy.Layer]bool{}
	for _, s := range a.Statements {
		switch {
		case s.Applies && s.Effect == "Deny":
			denied = true
		case s.Applies:
			allowed[s.Layer] = true
		}
		if s.Decided && (!s.Applies || d.Statement == nil) {
			t.Errorf("%s is reported as deciding", s.Source)
		}
	}
	want := policy.ImplicitDeny
	if denied {
		want = policy.ExplicitDeny
	} else if allowed[policy.LayerIdentity] && (l.Boundary == nil || allowed[policy.LayerBoundary]) && (l.Session == nil || allowed[policy.LayerSession]) {
		want = policy.Allow
	}
	if want != d.Effect {
		t.Errorf("the statements of the account result in %s, the decision is %s", want, d.Effect)
	}
	if err := a.WriteText(new(strings.Builder)); err != nil {
		t.Error(err)
	}
	if _, err := json.Marshal(a); err != nil {
		t.Error(err)
	}
}
