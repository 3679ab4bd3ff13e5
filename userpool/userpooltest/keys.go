package userpooltest

import (
	"crypto/rand"
	"encoding/base64"
	"io"
	"sync"

	"github.com/sluicegate/sluice/authz/token"
)

// Keys returns two private keys that all pools of the tests share under fresh ids, because generating one takes a tenth of
// a second.
var Keys = sync.OnceValue(func() (list []*token.SigningKey) {
	for range 2 {
		k, err := token.GenerateKey(rand.Reader, "RS256")
		if err != nil {
			panic(err)
		}
		list = append(list, k)
	}
	return list
})

var turn struct {
	sync.Mutex
	n int
}

// NextKey returns one of Keys under a fresh id.
func NextKey(random io.Reader) (*token.SigningKey, error) {
	turn.Lock()
	turn.n++
	k := *Keys()[turn.n%2]
	turn.Unlock()
	var id [32]byte
	if _, err := io.ReadFull(random, id[:]); err != nil {
		return nil, err
	}
	k.ID = base64.StdEncoding.EncodeToString(id[:])
	return &k, nil
}
