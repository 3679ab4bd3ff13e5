// Command sluice is Caddy with Sluice and the standard modules inside.
//
// It has Caddy's commands (run, start, stop, reload, adapt, validate, fmt …) and Sluice's own: policy and explain.
package main

import (
	"github.com/caddyserver/caddy/v2"
	caddycmd "github.com/caddyserver/caddy/v2/cmd"

	_ "github.com/caddyserver/caddy/v2/modules/standard"

	"github.com/sluicegate/sluice/caddymodule"
)

func main() {
	caddy.CustomBinaryName = "sluice"
	caddy.CustomLongDescription = description
	caddymodule.Examples = examples
	caddycmd.Main()
}

const description = `Sluice is an authorizing reverse proxy with user pools and identity pools inside:
what Amazon Cognito and an API gateway's authorizer do, before services of your own.

It is a Caddy server with all of Caddy's standard modules and commands.`

const examples = `  Run a server:

      $ sluice run --config Caddyfile

  Check a Caddyfile without opening the store, and apply it to the running process:

      $ sluice validate --config Caddyfile
      $ sluice reload --config Caddyfile

  Try policies on cases, or ask what a request would get:

      $ sluice policy test cases.json
      $ sluice policy explain case.json

  List what a running Sluice refused, and explain why it refused a request:

      $ sluice explain
      $ sluice explain <decision id>`
