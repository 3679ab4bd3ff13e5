package backup

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

// stalled is how long a bucket may neither take nor send a byte. Uploads of any size may take longer, as long as they go on.
const stalled = 2 * time.Minute

// client returns an HTTP client whose calls fail when nothing has arrived or left for a time. AWS's own waits for a server that hangs
// without an end, and a backup that waits is none.
func client(patience time.Duration) *awshttp.BuildableClient {
	return awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
		dial := t.DialContext
		t.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
			c, err := dial(ctx, network, address)
			if err != nil {
				return nil, err
			}
			return &impatient{Conn: c, patience: patience}, c.SetDeadline(time.Now().Add(patience))
		}
	})
}

// impatient is a connection on which reads and writes fail when neither has moved a byte for a time.
type impatient struct {
	net.Conn
	patience time.Duration
	over     atomic.Bool // a read or a write has failed for that
}

func (c *impatient) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	return n, c.moved(n, err)
}

func (c *impatient) Write(b []byte) (written int, err error) {
	const atOnce = 16 << 10 // so that a slow connection is seen to move
	for written < len(b) && err == nil {
		var n int
		n, err = c.Conn.Write(b[written:min(len(b), written+atOnce)])
		written += n
		err = c.moved(n, err)
	}
	return written, err
}

// moved gives both directions their time anew: a read waits for an answer while a request is being written. When one of them has waited
// too long, the client closes the connection, and the other says why.
func (c *impatient) moved(n int, err error) error {
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		c.over.Store(true)
	case errors.Is(err, net.ErrClosed) && c.over.Load():
		return os.ErrDeadlineExceeded
	}
	if n == 0 || err != nil {
		return err
	}
	return c.SetDeadline(time.Now().Add(c.patience))
}
