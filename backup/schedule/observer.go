package schedule

import "time"

// Observer counts what standing backups do. Its methods are called from many goroutines and must return at once.
type Observer interface {
	// BackupDone is called after a copy by this process, and after a continuous backup began or failed; to is the destination as configured.
	BackupDone(to string, err error)
	// BackupFound is called with the time of the last copy at a destination, whoever made it.
	BackupFound(to string, at time.Time)
	// BackupEnded is called when a standing backup ends, as after a reload without it.
	BackupEnded(to string)
}

// Unwatched is an Observer that counts nothing.
type Unwatched struct{}

// BackupDone implements Observer.
func (Unwatched) BackupDone(string, error) {}

// BackupFound implements Observer.
func (Unwatched) BackupFound(string, time.Time) {}

// BackupEnded implements Observer.
func (Unwatched) BackupEnded(string) {}
