package help

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Group is the ID of the group of Sluice's commands.
const Group = "sluice"

// Documentation is the folder of the pages.
const Documentation = "https://github.com/sluicegate/sluice/blob/main/docs/"

// pages are the pages about commands, by their names below the root. A command without its own has that of its parent.
var pages = map[string]string{
	"audit": "operations.md#audit-log", "backup": "backup.md", "dev": "dev.md", "explain": "authorization.md#why-was-it-refused", "healthcheck": "operations.md#readiness",
	"keys": "keys.md", "outbox": "user-pools.md", "policy": "policies.md#on-the-command-line", "preview": "branding.md#preview", "restore": "backup.md",
	"store": "backup.md#from-sqlite-to-postgresql-and-back", "trigger": "triggers.md", "user-pool": "user-pools.md", "user-pool export": "archive.md", "user-pool import": "import.md",
	"user-pool pull": "leaving-aws.md",
}

// Own puts a command into Sluice's group. It and the commands below it refuse words that are no subcommands: cobra would show the help,
// and a script would take that for success.
func Own(cmd *cobra.Command) {
	cmd.GroupID = Group
	refuseUnknown(cmd)
}

func refuseUnknown(cmd *cobra.Command) {
	for _, sub := range cmd.Commands() {
		refuseUnknown(sub)
	}
	if !cmd.HasSubCommands() || cmd.Args != nil {
		return
	}
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		return fmt.Errorf("there is no command %q; see %s --help", args[0], cmd.CommandPath())
	}
}

// Shape sets how the root command and all commands below it show their help. Caddy's template names only Caddy's documentation.
func Shape(root *cobra.Command) {
	if root.ContainsGroup(Group) {
		return
	}
	root.AddGroup(&cobra.Group{ID: Group, Title: "Commands of Sluice:"})
	for _, cmd := range root.Commands() {
		if cmd.Name() != "manpage" || cmd.RunE == nil {
			continue
		}
		write := cmd.RunE
		cmd.RunE = func(cmd *cobra.Command, args []string) error {
			escape(root, map[*pflag.Flag]bool{})
			return write(cmd, args)
		}
	}
	cobra.AddTemplateFunc("sluiceDocumentation", Page)
	text := root.HelpTemplate()
	at := strings.LastIndex(text, "Full documentation")
	if at < 0 {
		return
	}
	root.SetHelpTemplate(text[:at] + "{{with sluiceDocumentation .}}Documentation:\n{{.}}\n{{else}}" + text[at:] +
		"{{if not .HasParent}}Documentation of Sluice:\n" + Documentation + "\n{{end}}{{end}}")
}

// Versions has "version" and --version of the root command say whose version is which.
func Versions(root *cobra.Command, sluice, caddy string) {
	root.Version = "Sluice " + sluice + "\nCaddy " + caddy
	for _, cmd := range root.Commands() {
		if cmd.Name() != "version" {
			continue
		}
		cmd.Short = "Prints the versions of Sluice and of the Caddy inside it"
		cmd.Long = cmd.Short + ", one on each line."
		cmd.RunE = func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintln(cmd.OutOrStdout(), root.Version)
			return err
		}
	}
}

// escape has manual pages show <placeholders>, which they would otherwise leave out as tags of HTML.
func escape(cmd *cobra.Command, done map[*pflag.Flag]bool) {
	for _, text := range []*string{&cmd.Use, &cmd.Short, &cmd.Long, &cmd.Example} {
		*text = strings.ReplaceAll(*text, "<", `\<`)
	}
	flags := func(f *pflag.Flag) {
		if !done[f] {
			f.Usage, done[f] = strings.ReplaceAll(f.Usage, "<", `\<`), true
		}
	}
	cmd.Flags().VisitAll(flags)
	cmd.PersistentFlags().VisitAll(flags)
	for _, sub := range cmd.Commands() {
		escape(sub, done)
	}
}

// Page returns the URL of the page about a command; "" for commands of Caddy.
func Page(cmd *cobra.Command) string {
	var path []string // from the command up, without the root
	own := false
	for ; cmd.HasParent(); cmd = cmd.Parent() {
		path, own = append(path, cmd.Name()), cmd.GroupID == Group
	}
	if !own {
		return ""
	}
	slices.Reverse(path)
	for n := len(path); n > 0; n-- {
		if page := pages[strings.Join(path[:n], " ")]; page != "" {
			return Documentation + page
		}
	}
	return ""
}
