// Command sluice is Caddy with Sluice and the standard modules inside.
//
// It has the commands of Caddy (run, start, stop, reload, adapt, validate, fmt …) and of Sluice: dev, policy, explain, trigger, outbox,
// preview, user-pool, keys, backup, restore, store and healthcheck.
package main

import (
	"github.com/caddyserver/caddy/v2"
	caddycmd "github.com/caddyserver/caddy/v2/cmd"

	_ "github.com/caddyserver/caddy/v2/modules/standard"

	"github.com/sluicegate/sluice/caddymodule"
	_ "github.com/sluicegate/sluice/caddymodule/ask"
	_ "github.com/sluicegate/sluice/caddymodule/console"
)

func main() {
	caddy.CustomBinaryName = "sluice"
	if caddy.CustomVersion == "" { // releases have theirs
		caddy.CustomVersion = caddymodule.Version()
	}
	caddy.CustomLongDescription = description
	caddymodule.Examples = examples
	caddycmd.Main()
}

const description = `Sluice is an authorizing reverse proxy with user pools and identity pools. It does for your own services what
Amazon Cognito and the authorizers of API Gateway do on AWS.

It is Caddy with all of its standard modules and commands.`

const examples = `  Try it on this machine, without any configuration, in a shell that has the server's address:

      $ sluice dev -- bash

  Run a server:

      $ sluice run --config Caddyfile

  Check a Caddyfile without changing anything, and apply it to the running process:

      $ sluice validate --config Caddyfile
      $ sluice reload --config Caddyfile

  Test policies, or explain a decision:

      $ sluice policy test cases.json
      $ sluice policy explain case.json

  List the requests that a running Sluice refused, and explain a refusal:

      $ sluice explain
      $ sluice explain <decision id>`
