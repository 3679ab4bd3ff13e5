package main

import (
	"io"
	"os"
	"regexp"
	"strings"
	"testing"
)

// printed runs the program, which must not fail, and returns what it prints.
func printed(t *testing.T, args ...string) string {
	t.Helper()
	before, stdout := os.Args, os.Stdout
	defer func() { os.Args, os.Stdout = before, stdout }()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	os.Args, os.Stdout = append([]string{"sluice"}, args...), write
	text := make(chan string)
	go func() {
		all, err := io.ReadAll(read)
		if err != nil {
			t.Error(err)
		}
		text <- string(all)
	}()
	main()
	if err := write.Close(); err != nil {
		t.Error(err)
	}
	return <-text
}

func TestTheVersionSaysWhatItIsOf(t *testing.T) {
	for _, args := range []string{"version", "--version"} {
		if got := printed(t, args); !regexp.MustCompile(`^Sluice \S+\nCaddy \S+\n$`).MatchString(got) {
			t.Errorf("sluice %s prints %q", args, got)
		}
	}
}

func TestHelpShowsSluicesOwnExamples(t *testing.T) {
	help := printed(t, "--help")
	for _, want := range []string{"$ sluice run --config Caddyfile", "$ sluice validate", "$ sluice policy test", "$ sluice explain", "Commands of Sluice:\n", "https://caddyserver.com/docs/command-line\n", "Documentation of Sluice:\n"} {
		if strings.Count(help, want) == 0 {
			t.Errorf("the help does not contain %q:\n%s", want, help)
		}
	}
	for _, gone := range []string{"upgrade ", "add-package", "remove-package"} {
		if strings.Contains(help, "\n  "+gone) {
			t.Errorf("the help offers %s, which would replace the binary by a plain Caddy", gone)
		}
	}
	if strings.Contains(help, "$ caddy ") {
		t.Errorf("the help contains Caddy's examples:\n%s", help)
	}
}
