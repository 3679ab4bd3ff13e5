// Command sluice is Caddy with its standard modules and Sluice.
//
// It has Caddy's commands (run, start, stop, reload, adapt, validate, fmt …) and Sluice's own: policy and explain.
package main

import (
	"github.com/caddyserver/caddy/v2"
	caddycmd "github.com/caddyserver/caddy/v2/cmd"

	_ "github.com/caddyserver/caddy/v2/modules/standard"

	_ "github.com/sluicegate/sluice/caddymodule"
)

func main() {
	caddy.CustomBinaryName = "sluice"
	caddy.CustomLongDescription = description
	caddycmd.Main()
}

const description = `Sluice is Amazon Cognito and an API gateway's authorizer for your own services:
an authorizing reverse proxy with user pools and identity pools.

It is a Caddy server with all of Caddy's standard modules and commands.

  Run a server:

      sluice run --config Caddyfile

  Check a Caddyfile without opening the store:

      sluice validate --config Caddyfile

  Test policies, or explain their decisions:

      sluice policy test cases.json
      sluice policy explain case.json

  Explain why a running Sluice refused a request:

      sluice explain <decision id>`
