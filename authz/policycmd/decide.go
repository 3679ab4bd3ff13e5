package policycmd

import (
	"encoding/json"
	"fmt"

	"github.com/sluicegate/sluice/authz/policy"
)

// eachCase calls f for the cases of all files. It reports files that cannot be read and continues; ok is false then.
func (c *command) eachCase(files []string, f func(file string, tc testCase)) (ok bool) {
	ok = true
	for _, file := range files {
		src, err := c.read(file)
		if err != nil {
			fmt.Fprintln(c.stderr, err)
			ok = false
			continue
		}
		cases, err := readCases(src)
		if err != nil {
			fmt.Fprintf(c.stderr, "%s:%v\n", file, err)
			ok = false
			continue
		}
		for _, tc := range cases {
			for _, w := range tc.Warnings {
				fmt.Fprintf(c.stderr, "%s:%s\n", file, w)
			}
			f(file, tc)
		}
	}
	return ok
}

// test compares each decision with the expected one.
func (c *command) test(files []string) int {
	passed, failed := 0, 0
	ok := c.eachCase(files, func(file string, tc testCase) {
		a := tc.Layers.Explain(tc.Request)
		switch got := a.Effect.String(); {
		case tc.Expect == "":
			failed++
			fmt.Fprintf(c.stdout, "%s:%d: %s: no expectation; add \"expect\"\n", file, tc.Line, tc.Name)
		case got != tc.Expect:
			failed++
			fmt.Fprintf(c.stdout, "%s:%d: %s: want %s, got %s: %s\n", file, tc.Line, tc.Name, tc.Expect, got, a.Summary)
		default:
			passed++
		}
	})
	fmt.Fprintf(c.stdout, "%d passed, %d failed\n", passed, failed)
	return code(ok, failed == 0)
}

func code(readable, good bool) int {
	switch {
	case !readable:
		return exitUsage
	case !good:
		return exitFailed
	}
	return exitOK
}

// outcome is a line that simulate prints.
type outcome struct {
	Name      string        `json:"name"`
	Decision  policy.Effect `json:"decision"`
	Layer     policy.Layer  `json:"layer"`
	Statement *reference    `json:"statement,omitempty"`
}

// reference identifies the statement that decided.
type reference struct {
	Source string `json:"source"`
	Index  int    `json:"index"`
	Sid    string `json:"sid,omitempty"`
	Line   int    `json:"line"`
}

// simulate prints each decision as a line of JSON.
func (c *command) simulate(files []string) int {
	lines := json.NewEncoder(c.stdout)
	lines.SetEscapeHTML(false)
	written := true
	ok := c.eachCase(files, func(_ string, tc testCase) {
		d := tc.Layers.Decide(tc.Request)
		o := outcome{Name: tc.Name, Decision: d.Effect, Layer: d.Layer}
		if s := d.Statement; s != nil {
			o.Statement = &reference{s.Source, s.Index, s.Sid, s.Line}
		}
		written = lines.Encode(o) == nil && written
	})
	return code(ok, written)
}

// explain prints the account of each decision, as text or, with --json, as JSON.
func (c *command) explain(files []string) int {
	lines := json.NewEncoder(c.stdout)
	lines.SetEscapeHTML(false)
	good, found := true, c.only == ""
	ok := c.eachCase(files, func(file string, tc testCase) {
		if c.only != "" && c.only != tc.Name {
			return
		}
		found = true
		a := tc.Layers.Explain(tc.Request)
		var err error
		if c.json {
			err = lines.Encode(struct {
				Name string `json:"name"`
				*policy.Account
			}{tc.Name, a})
		} else {
			err = c.account(fmt.Sprintf("%s:%d: %s", file, tc.Line, tc.Name), a)
		}
		good = good && err == nil
	})
	if ok && !found {
		fmt.Fprintf(c.stderr, "sluice policy explain: no case is named %q\n", c.only)
		return exitUsage
	}
	return code(ok, good)
}

// account prints the account and the statement that decided.
func (c *command) account(heading string, a *policy.Account) error {
	fmt.Fprintf(c.stdout, "%s\n", heading)
	if err := a.WriteText(c.stdout); err != nil {
		return err
	}
	for i := range a.Statements {
		if !a.Statements[i].Decided {
			continue
		}
		src, err := json.MarshalIndent(a.Statements[i].Statement, "  ", "  ")
		if err != nil {
			return err
		}
		fmt.Fprintf(c.stdout, "\n  the statement that decided:\n  %s\n", src)
	}
	_, err := fmt.Fprintln(c.stdout)
	return err
}
