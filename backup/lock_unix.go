//go:build unix

package backup

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// lockName is the file that a process holds a lock on while it ships a store.
const lockName = "lock"

// lock takes the lock of those who ship a store; release gives it back. The system does, too, when the process ends. With wait, it waits
// for another process; without, that is an error.
func lock(ctx context.Context, store string, wait bool) (release func() error, err error) {
	dir := followState(store)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(filepath.Join(dir, lockName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	for {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return file.Close, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) || !wait {
			if errors.Is(err, syscall.EWOULDBLOCK) {
				err = fmt.Errorf("another process already ships %s: a Sluice with a continuous backup, or sluice backup follow; stop one of them", store)
			}
			return nil, errors.Join(err, file.Close())
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), file.Close())
		case <-time.After(200 * time.Millisecond):
		}
	}
}
