package node

import (
	"context"

	"github.com/sluicegate/sluice/api/cognitoidp"
	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/message"
	"github.com/sluicegate/sluice/seal"
	idpserver "github.com/sluicegate/sluice/server/cognitoidp"
	"github.com/sluicegate/sluice/server/rpc"
	"github.com/sluicegate/sluice/userpool"
)

// passwordHasher bounds the memory that hashing passwords takes. The settings do not change it, so it lives as long as the
// store.
type passwordHasher = userpool.Hasher

func newHasher() *passwordHasher { return userpool.NewHasher(userpool.HasherOptions{}) }

// newUserPools makes the service of the user pools and reads its keys.
func newUserPools(ctx context.Context, o *Options, s *Storage, sender message.Sender, revoker userpool.Revoker) (*userpool.Service, error) {
	users, err := userpool.New(userpool.Options{Store: s.Store, Seal: s.Box, Now: o.Now, Rand: o.Rand, Region: o.Config.Region,
		Account: o.Config.Account, IssuerFor: o.Config.IssuerURL, Sender: sender, Hasher: s.hasher, Revoker: revoker,
		Observer: o.Observer, Logger: o.Log, NewKey: o.NewKey})
	if err != nil {
		return nil, err
	}
	return users, users.Start(ctx)
}

// userPoolsAPI are the operations of the user pools.
func userPoolsAPI(users *userpool.Service) rpc.API {
	return rpc.API{Service: &cognitoidp.API, Registry: idpserver.Registry(users)}
}

// judgeUserPool returns what making the pool would refuse, as far as it follows from the declaration alone. The errors name
// the settings file.
func (d *declarations) judgeUserPool(p config.UserPool) (problems []error) {
	for _, problem := range userpool.Judge(d.userPool(p)) {
		file := d.pools[p.ID]
		if problem.Client != "" {
			file = d.clients[problem.Client]
		}
		if err := problem.Err; problem.Settings && file != nil {
			problems = append(problems, file.locate(err))
		} else {
			problems = append(problems, err)
		}
	}
	return problems
}

// ensureUserPool makes a declared pool.
func (d *declarations) ensureUserPool(ctx context.Context, users *userpool.Service, p config.UserPool) error {
	return users.Ensure(ctx, d.userPool(p))
}

// userPool is a declared user pool in the domain's terms.
func (d *declarations) userPool(p config.UserPool) userpool.DeclaredPool {
	declared := userpool.DeclaredPool{ID: p.ID, Name: p.Name, Settings: d.pools[p.ID].request()}
	for _, c := range p.Clients {
		declared.Clients = append(declared.Clients, userpool.DeclaredClient{ID: c.ID, Name: c.Name, Secret: seal.NewSecret(c.Secret),
			Settings: d.clients[c.ID].request()})
	}
	for _, g := range p.Groups {
		declared.Groups = append(declared.Groups, userpool.DeclaredGroup{Name: g.Name, Description: g.Description,
			Precedence: g.Precedence, RoleARN: d.app.RoleARN(g.Role)})
	}
	return declared
}
