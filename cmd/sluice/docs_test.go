package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// program returns the root command as users have it, with Caddy's commands.
func program() *cobra.Command {
	root := ownCommands()
	for _, c := range caddycmd.Commands() {
		cmd := &cobra.Command{Use: c.Name + " " + c.Usage, Run: func(*cobra.Command, []string) {}}
		if c.CobraFunc != nil {
			c.CobraFunc(cmd)
		} else {
			cmd.Flags().AddGoFlagSet(c.Flags)
		}
		if cmd.GroupID == "" {
			root.AddCommand(cmd)
		}
	}
	return root
}

var (
	block      = regexp.MustCompile("(?s)```([a-z]*)\n(.*?)```")
	inline     = regexp.MustCompile("`(?:bin/)?sluice ([^`]+)`")
	invocation = regexp.MustCompile(`^(?:\$ |[A-Z_]+='?[^ ]* |ExecStart=/usr/local/bin/)*(?:bin/)?sluice (.+)$`)
	ending     = regexp.MustCompile(`( #| \| | > | && |; ).*$`)
	word       = regexp.MustCompile(`'[^']*'|"[^"]*"|<[^>]*>|[^\s]+`)
)

// words splits a command line as a shell does, as far as the documentation needs it. Optional parts are there.
func words(line string) (list []string) {
	line = strings.NewReplacer("[", "", "]", "").Replace(ending.ReplaceAllString(line, ""))
	for _, w := range word.FindAllString(line, -1) {
		list = append(list, strings.Trim(w, `'"`))
	}
	return list
}

// wrong says what a command line gets wrong; nil if nothing. whole lines have all arguments.
func wrong(line string, whole bool) error {
	cmd, rest, err := program().Find(words(line))
	if err != nil {
		return err
	}
	if err := cmd.ParseFlags(rest); errors.Is(err, pflag.ErrHelp) {
		return nil
	} else if err != nil {
		return err
	}
	args := cmd.Flags().Args()
	if cmd.HasSubCommands() && strings.Contains(cmd.Use, "<command>") && len(args) > 0 {
		return fmt.Errorf("%s has no command %s", cmd.CommandPath(), args[0])
	}
	if whole {
		return cmd.ValidateArgs(args)
	}
	return nil
}

// The commands of the documentation exist, with the flags and the number of arguments that it gives them.
func TestTheCommandsOfTheDocumentationAreKnown(t *testing.T) {
	seen := 0
	check := func(path, line string, whole bool) {
		if strings.HasPrefix(line, "user pool archive ") { // the first line of a file
			return
		}
		seen++
		if err := wrong(line, whole); err != nil {
			t.Errorf("%s: sluice %s: %v", path, line, err)
		}
	}
	page := func(path string) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range block.FindAllStringSubmatch(string(text), -1) {
			for line := range strings.Lines(strings.ReplaceAll(m[2], "\\\n", " ")) {
				if found := invocation.FindStringSubmatch(strings.TrimSpace(line)); found != nil && m[1] != "caddyfile" {
					check(path, found[1], true)
				}
			}
		}
		for _, m := range inline.FindAllStringSubmatch(block.ReplaceAllString(string(text), ""), -1) {
			check(path, strings.Join(strings.Fields(m[1]), " "), false)
		}
	}
	page("../../README.md")
	err := filepath.WalkDir("../../docs", func(path string, d fs.DirEntry, err error) error {
		if err == nil && filepath.Ext(path) == ".md" {
			page(path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen < 150 {
		t.Errorf("only %d commands were found", seen)
	}
}

func TestAWrongCommandIsNoticed(t *testing.T) {
	for line, whole := range map[string]bool{"policy chekc GET /x": true, "keys reseel": false, "outbox --dir x": false, "keys retire": true, "validate --confg Caddyfile": false,
		"store copy sqlite:/a": true, "trigger invok": false} {
		if wrong(line, whole) == nil {
			t.Errorf("sluice %s is said to be right", line)
		}
	}
	if err := wrong("dev --seed users.json -- bash -c 'echo hi'", true); err != nil {
		t.Error(err)
	}
}
