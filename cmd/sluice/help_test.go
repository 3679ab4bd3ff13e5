package main

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/sluicegate/sluice/caddymodule/help"
)

// ownCommands returns the commands of Sluice, below a root.
func ownCommands() *cobra.Command {
	root := &cobra.Command{Use: "sluice"}
	for _, name := range slices.Backward(slices.Sorted(maps.Keys(caddycmd.Commands()))) { // explain looks at policy
		c := caddycmd.Commands()[name]
		if c.CobraFunc == nil {
			continue
		}
		cmd := &cobra.Command{Use: c.Name + " " + c.Usage, Short: c.Short, Long: c.Long}
		if c.CobraFunc(cmd); cmd.GroupID == help.Group {
			root.AddCommand(cmd)
		}
	}
	return root
}

// every calls f for a command and all below it.
func every(cmd *cobra.Command, f func(*cobra.Command)) {
	f(cmd)
	for _, sub := range cmd.Commands() {
		every(sub, f)
	}
}

var (
	shortForm = regexp.MustCompile(`^[A-Z][a-z]*s,? [^\n]*[^.\n]$`)
	longForm  = regexp.MustCompile(`(?s)^[A-Z"].*[.:)]$`)
	// A command's arguments: options, and <placeholders> in lower case. The library adds [flags].
	usageForm = regexp.MustCompile(`^[a-z][a-z-]*( (\||[[\]|.']*(--?[a-z-]+|<[a-z ]+>|[a-z0-9|]+)?[]'.|[]*))*$`)
	flagForm  = regexp.MustCompile(`^(Auth0|Firebase|[A-Z]{2,} |[0-9a-z<]).*[^.]$`)
)

func TestTheHelpOfEveryCommandHasOneShape(t *testing.T) {
	commands, flags := 0, map[string]string{}
	every(ownCommands(), func(cmd *cobra.Command) {
		if !cmd.HasParent() {
			return
		}
		commands++
		at := cmd.CommandPath()
		if !shortForm.MatchString(cmd.Short) || len(cmd.Short) > 100 {
			t.Errorf("%s: the summary %q is not what the command does, such as \"Lists the keys\"", at, cmd.Short)
		}
		if !longForm.MatchString(cmd.Long) {
			t.Errorf("%s: the description has no sentences: %q", at, cmd.Long)
		}
		if use := cmd.Use; !usageForm.MatchString(strings.TrimSpace(use)) || strings.Contains(use, "[flags]") {
			t.Errorf("%s: the usage %q does not have <placeholders> in lower case", at, use)
		}
		if !cmd.Runnable() {
			t.Errorf("%s does nothing without a subcommand, not even print its help", at)
		}
		if cmd.HasSubCommands() && !cmd.HasParent() && !strings.Contains(cmd.Use, "<command>") {
			t.Errorf("%s: the usage %q has no <command>", at, cmd.Use)
		}
		for line := range strings.SplitSeq(cmd.Long, "\n") {
			if len([]rune(line)) > 150 {
				t.Errorf("%s: the description has a line of %d characters", at, len([]rune(line)))
			}
		}
		cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if f.Name == "help" {
				return
			}
			if !flagForm.MatchString(f.Usage) {
				t.Errorf("%s --%s: the text %q is a sentence; write a phrase", at, f.Name, f.Usage)
			}
			switch f.Name { // the same everywhere
			case "config", "adapter", "address", "route", "data-dir":
				if other, ok := flags[f.Name]; ok && other != f.Shorthand+f.Usage {
					t.Errorf("%s --%s: %q, and elsewhere %q", at, f.Name, f.Usage, other)
				}
				flags[f.Name] = f.Shorthand + f.Usage
			}
		})
	})
	if commands < 35 {
		t.Errorf("only %d commands were looked at", commands)
	}
}

func TestTheHelpOfEveryCommandNamesAPageThatTellsOfIt(t *testing.T) {
	every(ownCommands(), func(cmd *cobra.Command) {
		if !cmd.HasParent() {
			return
		}
		page, ok := strings.CutPrefix(help.Page(cmd), help.Documentation)
		if !ok {
			t.Errorf("%s: the help names no page", cmd.CommandPath())
			return
		}
		page, section, _ := strings.Cut(page, "#")
		text, err := os.ReadFile(filepath.Join("..", "..", "docs", page))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), "sluice "+strings.TrimPrefix(cmd.CommandPath(), "sluice ")) {
			t.Errorf("%s: docs/%s does not tell of it", cmd.CommandPath(), page)
		}
		if heading := regexp.MustCompile(`[^a-z0-9\n #-]`); section != "" && !strings.Contains(heading.ReplaceAllString(strings.ToLower(string(text)), ""), "# "+strings.ReplaceAll(section, "-", " ")) {
			t.Errorf("%s: docs/%s has no section %s", cmd.CommandPath(), page, section)
		}
	})
}
