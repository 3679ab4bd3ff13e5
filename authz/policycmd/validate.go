package policycmd

import (
	"fmt"

	"github.com/sluicegate/sluice/authz/policy"
	conditionkeys "github.com/sluicegate/sluice/authz/reference"
)

// kinds are the values of --kind, with the size limit that AWS sets on such a document.
var kinds = map[string]struct {
	kind  policy.Kind
	limit policy.Limit
}{
	"identity": {policy.Identity, policy.ManagedPolicy},
	"trust":    {policy.Trust, policy.TrustPolicyMax},
	"resource": {policy.Resource, policy.ManagedPolicy},
}

// validate checks documents as they are checked when they are stored. It warns of condition keys that no request has.
func (c *command) validate(files []string) int {
	k, known := kinds[c.kind]
	if !known {
		fmt.Fprintf(c.stderr, "sluice policy validate: --kind is identity, trust or resource, not %q\n", c.kind)
		return exitUsage
	}
	readable, good := true, true
	for _, file := range files {
		src, err := c.read(file)
		if err != nil {
			fmt.Fprintln(c.stderr, err)
			readable = false
			continue
		}
		d, err := policy.Parse(src, k.kind)
		if problems, ok := policy.IsInvalid(err); ok {
			good = false
			for _, p := range problems {
				fmt.Fprintf(c.stdout, "%s:%s\n", file, p)
			}
			continue
		}
		if err := policy.CheckSize(k.limit, src); err != nil {
			good = false
			fmt.Fprintf(c.stdout, "%s: %v\n", file, err)
			continue
		}
		for _, p := range conditionkeys.Unsupplied(d) {
			fmt.Fprintf(c.stdout, "%s:%s (warning)\n", file, p)
		}
		fmt.Fprintf(c.stdout, "%s: good; statements: %d; characters: %d of %d\n", file, len(d.Statements),
			policy.Size(k.limit, src), k.limit.Max())
	}
	return code(readable, good)
}
