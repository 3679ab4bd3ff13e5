// Package help shapes the help of commands: it lists those of Sluice in a group of their own, apart from Caddy's, and names the page of the
// documentation for each.
//
// What it leaves to others: the texts of the commands, which are with their code.
//
// Source: the documentation of github.com/spf13/cobra, "Help Command".
package help
