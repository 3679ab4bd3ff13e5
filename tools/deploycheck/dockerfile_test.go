package deploycheck

import (
	"os"
	"strings"
	"testing"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

// TestTheImageRunsWithoutRights parses the Dockerfile as BuildKit does.
func TestTheImageRunsWithoutRights(t *testing.T) {
	f, err := os.Open("../../deploy/Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	tree, err := parser.Parse(f)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range tree.Warnings {
		t.Errorf("line %v: %s", w.Location, w.Short)
	}
	stages, _, err := instructions.Parse(tree.AST, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(stages) != 2 || !strings.Contains(stages[1].BaseName, "distroless/static") {
		t.Fatalf("the image is not made from an empty one: %+v", stages)
	}
	user, entry, check := "", []string(nil), []string(nil)
	for _, command := range stages[1].Commands {
		switch c := command.(type) {
		case *instructions.UserCommand:
			user = c.User
		case *instructions.EntrypointCommand:
			entry = c.CmdLine
		case *instructions.HealthCheckCommand:
			check = c.Health.Test
		case *instructions.RunCommand, *instructions.AddCommand:
			t.Errorf("%s: there is no shell in the image", c)
		}
	}
	if user != "65532:65532" {
		t.Errorf("it runs as %q", user)
	}
	if strings.Join(entry, " ") != "/usr/local/bin/sluice" || strings.Join(check, " ") != "CMD /usr/local/bin/sluice healthcheck" {
		t.Errorf("entry point %q, health check %q", entry, check)
	}
	build := ""
	for _, command := range stages[0].Commands {
		if run, ok := command.(*instructions.RunCommand); ok {
			build += strings.Join(run.CmdLine, " ") + "\n"
		}
	}
	for _, want := range []string{"CGO_ENABLED=0", "-trimpath", "-s -w"} {
		if !strings.Contains(build, want) {
			t.Errorf("the build lacks %s:\n%s", want, build)
		}
	}
}
