// Command sluice is Caddy with Sluice and the standard modules inside.
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

const description = `Sluice is an authorizing reverse proxy with user pools and identity pools inside:
what Amazon Cognito and an API gateway's authorizer do, before services of your own.

It is a Caddy server: everything that Caddy does is there too.

  Serve what a Caddyfile says:

      sluice run --config Caddyfile

  Judge a Caddyfile without touching anything:

      sluice validate --config Caddyfile

  Try policies on cases, or ask what a request would get:

      sluice policy test cases.json
      sluice policy explain case.json

  Ask a running Sluice why it refused a request:

      sluice explain <decision id>`
