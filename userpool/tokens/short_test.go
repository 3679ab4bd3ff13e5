package tokens_test

import (
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

// Short names for identifiers that these tests use often.
type harness = userpooltest.Harness

const (
	password = userpooltest.Password
	wrong    = "Incorrect username or password."
)

var (
	newHarness = userpooltest.New
	allFlows   = userpooltest.AllFlows
	claims     = userpooltest.Claims
	wantFault  = userpooltest.WantFault
)

func attr(name, value string) userpool.Attribute {
	return userpool.Attribute{Name: name, Value: value}
}
