package schedule

import "time"

// Observer counts what standing backups do. Its methods are called from many goroutines and must return at once.
type Observer interface {
	// BackupBegan is called when a standing backup starts; to is the destination as configured. During a reload there may be two.
	BackupBegan(to string)
	// BackupDone is called after a copy by this process, and after a continuous backup began or failed.
	BackupDone(to string, err error)
	// BackupFound is called with the time of the last copy at a destination, whoever made it.
	BackupFound(to string, at time.Time)
	// BackupEnded is called once for each BackupBegan, when the standing backup ends.
	BackupEnded(to string)
}

// Unwatched is an Observer that counts nothing.
type Unwatched struct{}

// BackupBegan implements Observer.
func (Unwatched) BackupBegan(string) {}

// BackupDone implements Observer.
func (Unwatched) BackupDone(string, error) {}

// BackupFound implements Observer.
func (Unwatched) BackupFound(string, time.Time) {}

// BackupEnded implements Observer.
func (Unwatched) BackupEnded(string) {}
