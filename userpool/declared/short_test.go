package declared_test

import "github.com/sluicegate/sluice/userpool/userpooltest"

// Short names for identifiers that these tests use often.
const (
	password = userpooltest.Password
	wrong    = "Incorrect username or password."
)

var (
	newHarness = userpooltest.New
	wantFault  = userpooltest.WantFault
)
