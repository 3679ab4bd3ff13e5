package caddymodule

import "github.com/sluicegate/sluice/credentials/sigv4"

// rootKey is the administrator's key in these tests.
var rootKey = sigv4.Credentials{AccessKeyID: "AKIAIOSFODNN7EXAMPLE", SecretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}
