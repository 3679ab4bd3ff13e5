package userpool_test

import "github.com/sluicegate/sluice/userpool/userpooltest"

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
