package relay_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"

	sealing "github.com/sluicegate/sluice/seal"
)

var seal = sealing.NewSecret

// hash is the SECRET_HASH of the test's client.
func hash(name string) string {
	m := hmac.New(sha256.New, []byte("a_secret_of_twenty_four_and_more"))
	m.Write([]byte(name + appID))
	return base64.StdEncoding.EncodeToString(m.Sum(nil))
}
