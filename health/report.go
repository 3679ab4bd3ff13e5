package health

import (
	"fmt"
	"slices"
	"strings"
)

// Report is what one question gets: the results less those that it excludes.
type Report struct {
	Name     string   // of the question: "readyz" or "livez"
	Results  []Result // of all checks
	Excluded []string // names of checks whose results do not count
}

// Level returns the worst level of the results that count.
func (r Report) Level() Level {
	worst := OK
	for _, result := range r.Results {
		if !r.excludes(result.Name) {
			worst = max(worst, result.Level)
		}
	}
	return worst
}

func (r Report) excludes(name string) bool { return slices.Contains(r.Excluded, name) }

// Only returns the report on one check; false if there is none of that name.
func (r Report) Only(name string) (Report, bool) {
	for _, result := range r.Results {
		if result.Name == name {
			return Report{Name: r.Name + "/" + name, Results: []Result{result}}, true
		}
	}
	return Report{}, false
}

// Text returns a line for each check and one for all, as Kubernetes prints them. A degraded check passes and has a [+]. Details
// belong to operators: without, the lines show no more than a word.
func (r Report) Text(details bool) string {
	var b strings.Builder
	for _, result := range r.Results {
		sign, state := "[+]", result.Level.String()
		if result.Level == Failed {
			sign = "[-]"
		}
		switch {
		case r.excludes(result.Name):
			sign, state = "[+]", "excluded: ok"
		case details && result.Detail != "":
			state += ": " + strings.Join(strings.Fields(result.Detail), " ") // one line
		case result.Word != "":
			state += ": " + result.Word
		}
		fmt.Fprintf(&b, "%s%s %s\n", sign, result.Name, state)
	}
	for _, name := range r.Excluded {
		if _, known := r.Only(name); !known {
			b.WriteString("warn: no check has the name that exclude gives\n")
			break
		}
	}
	outcome := "passed"
	if r.Level() == Failed {
		outcome = "failed"
	}
	fmt.Fprintf(&b, "%s check %s\n", r.Name, outcome)
	return b.String()
}
