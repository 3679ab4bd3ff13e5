//go:build linux

package command

import (
	"strings"
	"testing"
)

// The kernel lets two users have the same local address if they connect to different remote ones.
func TestAConnectionIsFoundByBothItsAddresses(t *testing.T) {
	const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:9C40 0100007F:1F90 01 00000000:00000000 00:00000000 00000000     0        0 1 1 0 20 4 30 10 -1
   1: 0100007F:9C40 0100007F:1F91 06 00000000:00000000 00:00000000 00000000     0        0 2 1 0 20 4 30 10 -1
   2: 0100007F:9C40 0100007F:1F91 01 00000000:00000000 00:00000000 00000000 65534        0 3 1 0 20 4 30 10 -1
`
	if uid, err := findSocket(strings.NewReader(table), "0100007F:9C40", "0100007F:1F91"); err != nil || uid != 65534 {
		t.Errorf("user %d, %v", uid, err)
	}
	if uid, err := findSocket(strings.NewReader(table), "0100007F:9C40", "0100007F:1F92"); err == nil {
		t.Errorf("user %d of a connection that there is not", uid)
	}
}
