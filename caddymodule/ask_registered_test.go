package caddymodule_test

import _ "github.com/sluicegate/sluice/caddymodule/ask" // for the Caddyfiles of the tests in this folder
