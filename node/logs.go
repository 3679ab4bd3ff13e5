package node

import (
	"context"
	"path/filepath"

	"github.com/sluicegate/sluice/message"
	"github.com/sluicegate/sluice/server/audit"
	"github.com/sluicegate/sluice/server/audit/chain"
	"github.com/sluicegate/sluice/userpool/logs"
)

// newLogs returns what delivers the logs of user pools; dir is the data directory.
func newLogs(o *Options, dir string) *logs.Delivery {
	var list []logs.Destination
	for _, d := range o.Config.LogDestinations {
		to := logs.Destination{ARN: d.ARN, URL: d.URL}
		if d.File != "" {
			to.File = filepath.Join(dir, d.File)
		}
		list = append(list, to)
	}
	return logs.NewDelivery(list, nil, o.Observer, o.Log)
}

// notSent reports to a pool's log that a message was given up. It omits the message, which contains a code.
func (sv *Services) notSent(m message.Message, reason error) {
	if sv.Users != nil {
		sv.Users.Logs.NotSent(context.Background(), m.PoolID, "The "+string(m.Medium)+" message for "+m.Purpose+" was not sent: "+reason.Error())
	}
}

// chainKey is the key of the audit log's chain of a store, which continues across reloads.
type chainKey struct{ storageKey }

// openChain starts the audit log's chain, or continues that of the previous configuration; nil for none.
func (n *Node) openChain(ctx context.Context, s *Storage, o *Options) (*chain.Chain, error) {
	if !o.Config.AuditChain || o.Audit == nil {
		return nil, nil
	}
	return use(&n.uses, chainKey{storageOf(&o.Config)}, func() (*chain.Chain, error) {
		return chain.Open(ctx, chain.Options{Store: s.Store, Box: s.Box, Write: o.Audit, Now: o.Now, Rand: o.Rand, Log: o.Log})
	})
}

// record writes a record to the audit log, in its chain if there is one.
func (sv *Services) record(write func(audit.Record), r audit.Record) {
	if c := sv.chain.Newest(); c != nil {
		c.Append(r)
	} else if write != nil {
		write(r)
	}
}
