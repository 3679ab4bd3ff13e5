package caddymodule

import (
	caddycmd "github.com/caddyserver/caddy/v2/cmd"

	"github.com/sluicegate/sluice/node/dev"
)

func init() {
	register(caddycmd.Command{
		Name:      "dev",
		Usage:     dev.Usage,
		Short:     "Starts a server for development and tests, without configuration",
		Long:      dev.Help,
		CobraFunc: dev.Configure,
	})
}
