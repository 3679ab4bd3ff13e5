package help_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"github.com/sluicegate/sluice/caddymodule/help"
)

func TestManualPagesShowPlaceholders(t *testing.T) {
	dir := t.TempDir()
	root := &cobra.Command{Use: "sluice"}
	sub := &cobra.Command{Use: "copy <from> <to>", Long: "Copies <from> to a file.", Run: func(*cobra.Command, []string) {}}
	sub.Flags().String("claim", "", "<name>=<value> of the token")
	help.Own(sub)
	root.AddCommand(sub, &cobra.Command{Use: "manpage", RunE: func(*cobra.Command, []string) error { return doc.GenManTree(root, &doc.GenManHeader{}, dir) }})
	help.Shape(root)
	root.SetArgs([]string{"manpage"})
	if err := root.Execute(); err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join(dir, "sluice-copy.1"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"sluice copy <from> <to>", "Copies <from> to a file", "<name>=<value> of the token"} {
		if !bytes.Contains(bytes.ReplaceAll(page, []byte(`\`), nil), []byte(want)) {
			t.Errorf("the page lacks %q:\n%s", want, page)
		}
	}
}

// A regression test. The help was shown with exit code 0, and a script took that for success.
func TestAnUnknownSubcommandIsAnError(t *testing.T) {
	root := &cobra.Command{Use: "sluice", SilenceErrors: true, SilenceUsage: true}
	group := &cobra.Command{Use: "keys", RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() }}
	inner := &cobra.Command{Use: "rotate", RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() }}
	inner.AddCommand(&cobra.Command{Use: "master", Args: cobra.NoArgs, Run: func(*cobra.Command, []string) {}})
	group.AddCommand(inner)
	help.Own(group)
	root.AddGroup(&cobra.Group{ID: help.Group})
	root.AddCommand(group)
	var out bytes.Buffer
	root.SetOut(&out)
	for args, known := range map[string]bool{"keys": true, "keys rotate": true, "keys rotate master": true, "keys reseel": false, "keys rotate mister": false} {
		root.SetArgs(strings.Fields(args))
		if err := root.Execute(); known != (err == nil) {
			t.Errorf("sluice %s: %v", args, err)
		}
	}
}
