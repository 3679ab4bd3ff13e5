//go:build unix

package postgres

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"testing"
	"time"

	"github.com/sluicegate/sluice/store/postgres/postgrestest"
)

// After a failover the first host of the URL may answer nothing, and a new connection finds the second one only after a time that a check of
// the state does not have.
func TestTheClockIsComparedWhileTheFirstHostOfTheURLIsSilent(t *testing.T) {
	t.Parallel()
	server := postgrestest.Start(t)
	u, err := url.Parse(server.Database(t))
	if err != nil {
		t.Fatal(err)
	}
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	port := silent.Addr().(*net.TCPAddr).Port
	u.RawQuery = url.Values{"host": {"127.0.0.1," + server.Dir}, "port": {fmt.Sprintf("%d,%d", port, server.Port)}, "connect_timeout": {"3"}}.Encode()
	ahead := time.Hour
	st, err := Open(Options{URL: u.String(), Now: func() time.Time { return time.Now().Add(ahead) }})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	}()
	if err := st.Ping(t.Context()); err != nil { // as calls and checks do all the time
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	if by, err := st.Skew(ctx); err != nil || by < ahead-time.Minute || by > ahead {
		t.Errorf("the clock is ahead by %s, %v; want %s", by, err, ahead)
	}
}
