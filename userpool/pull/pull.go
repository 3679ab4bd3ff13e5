package pull

import (
	"context"
	"errors"
	"time"

	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/idp"
	"github.com/sluicegate/sluice/userpool/relay"
)

// Options are what New needs. Provider and Source are required.
type Options struct {
	Provider *idp.Provider // gets the pool
	Source   *cip.Client   // of the old pool's region, with credentials that may read it
	// Progress is called after each page of users, with how many have been read and AWS's estimate of all; may be nil.
	Progress func(read, all int)
}

// Request is what to pull.
type Request struct {
	PoolID   string // of the old pool, and of the one here
	Region   string // of the old pool, as in its id: eu-west-1
	Endpoint string // for the relay; "" is AWS's

	NoRelay     bool               // passwords do not come over
	RelayClient string             // the app client of the old pool to ask; "" chooses one
	Credentials *relay.Credentials // to ask with AdminInitiateAuth; nil asks without
}

// Service pulls. Use it for one Run at a time.
type Service struct {
	o      Options
	in     Request
	base   *userpool.Base
	report *Report
	record relay.Record

	authorities map[string]string // of the old pool's identity providers, by name; see authority

	source *types.UserPoolType
}

// New returns a Service, or an error that names the missing option.
func New(o Options) (*Service, error) {
	if o.Provider == nil || o.Source == nil {
		return nil, errors.New("pull: Options.Provider and Options.Source are required")
	}
	if o.Progress == nil {
		o.Progress = func(int, int) {}
	}
	return &Service{o: o, base: o.Provider.Base()}, nil
}

// Run pulls a pool. After an error or the end of ctx, another Run continues where this one stopped.
func (s *Service) Run(ctx context.Context, in Request) (*Report, error) {
	s.in, s.report, s.authorities = in, newReport(), map[string]string{}
	for _, step := range []func(context.Context) error{
		s.check, s.pool, s.begin, s.servers, s.providers, s.clients, s.groups, s.domains, s.looks, s.users, s.memberships, s.end,
	} {
		if err := step(ctx); err != nil {
			return s.report, err
		}
	}
	return s.report, nil
}

// check takes up the record of an earlier pull. It refuses a pool that was finished, one with users that came from elsewhere, and an
// endpoint to which passwords would go in clear text.
func (s *Service) check(ctx context.Context) error {
	s.record = relay.Record{}
	if err := relay.CheckEndpoint(s.in.Endpoint); err != nil {
		return err
	}
	have, err := relay.Load(ctx, s.base, s.in.PoolID)
	switch {
	case err != nil:
		return err
	case have == nil:
		left, all, err := Left(ctx, s.base, s.in.PoolID)
		if err == nil && all > 0 && left == 0 {
			err = errors.New("a user pool with this ID already has users here, and was not pulled; nothing was changed")
		}
		return err
	case have.Finished:
		return errors.New("the pull of this pool was finished with --finish; it cannot be pulled again")
	}
	s.record = *have
	return nil
}

// begin makes the record of the pull.
func (s *Service) begin(ctx context.Context) error {
	if s.record.Resume == "" {
		s.record.Started, s.record.Seen = s.base.Now(), 0
	}
	s.record.Region, s.record.Endpoint, s.record.Ended = s.in.Region, s.in.Endpoint, time.Time{}
	return s.save(ctx)
}

// end records that all users have been read.
func (s *Service) end(ctx context.Context) error {
	s.record.Resume, s.record.Ended = "", s.base.Now()
	return s.save(ctx)
}

func (s *Service) save(ctx context.Context) error {
	return s.base.Update(ctx, func(tx store.Tx) error { return relay.Save(tx, s.base, s.in.PoolID, &s.record) })
}

// isNewer reports whether a change at the old pool is newer than the last one here. What was changed here later, such as a secret
// that was replaced, stays.
func isNewer(there *time.Time, here time.Time) bool { return there == nil || there.After(here) }

// localPool returns the pool as it is here.
func (s *Service) localPool(ctx context.Context) (*userpool.Pool, error) {
	return s.o.Provider.Pools.Pool(ctx, s.in.PoolID)
}
