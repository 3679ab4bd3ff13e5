package node

import (
	"github.com/sluicegate/sluice/backup/schedule"
	"github.com/sluicegate/sluice/node/fleet"
	"github.com/sluicegate/sluice/node/observe"
)

// Observer counts the events of a node. All methods are called from many goroutines and must return at once.
type Observer interface {
	observe.Observer

	// These are about other processes, and the connection to Redis.
	fleet.Observer

	// These are about standing backups.
	schedule.Observer
}

// NoObserver counts nothing.
type NoObserver struct {
	observe.NoObserver
	fleet.Unobserved
	schedule.Unwatched
}
