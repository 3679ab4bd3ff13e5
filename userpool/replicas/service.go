package replicas

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/region"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
)

// Replica is a pool in a region, as the API shows it.
type Replica struct {
	Region string // in lower case: eu-west-1
	Status string // ACTIVE, INACTIVE or DELETING
	Role   string // PRIMARY for the pool itself, SECONDARY for its replica
	ARN    string // of the pool in that region
}

// The states and roles of replicas.
const (
	Active   = "ACTIVE"
	Inactive = "INACTIVE"
	deleting = "DELETING"

	primary   = "PRIMARY"
	secondary = "SECONDARY"
)

// Service keeps replicas. Its methods may be called from any goroutine.
type Service struct{ pools *userpool.Service }

// New returns a Service.
func New(pools *userpool.Service) *Service { return &Service{pools} }

func (s *Service) show(poolID string, r userpool.Replica) *Replica {
	out := &Replica{Region: r.Region, Status: Inactive, Role: secondary, ARN: s.pools.ARN(r.Region, poolID)}
	if r.Active {
		out.Status = Active
	}
	return out
}

// Create makes the replica of a pool. As at AWS, the pool has one, and a customer's multi-Region key. Errors: ResourceNotFound,
// FeatureUnavailableInTier, OperationNotEnabled, InvalidParameter, LimitExceeded.
func (s *Service) Create(ctx context.Context, poolID, name string, tags map[string]string) (*Replica, error) {
	made := userpool.Replica{Region: name, Tags: tags}
	err := s.change(ctx, poolID, func(settings *userpool.PoolSettings) error {
		switch {
		case !region.IsName(name):
			return fault.New(fault.InvalidParameter, "Invalid region: %s.", name)
		case name == region.OfID(poolID):
			return fault.New(fault.InvalidParameter, "The region of a replica must differ from the region of the user pool.")
		case len(settings.Replicas) > 0:
			return fault.New(fault.LimitExceeded, "A user pool has at most one replica.")
		}
		if err := checkTags(tags); err != nil {
			return err
		}
		if err := settings.NeedsEssentials("Multi-Region Replication"); err != nil {
			return err
		}
		if err := configured(settings); err != nil {
			return err
		}
		settings.Replicas = []userpool.Replica{made}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return s.show(poolID, made), nil
}

func checkTags(tags map[string]string) error {
	const most = 50
	if len(tags) > most {
		return fault.New(fault.InvalidParameter, "A resource has at most %d tags.", most)
	}
	return nil
}

// configured checks the key that replication needs. The developer guide demands IssuerConfiguration of the type UPDATED, too, but AWS does
// not: TestAccCognitoIDPUserPoolReplica_basic of terraform-provider-aws.
func configured(settings *userpool.PoolSettings) error {
	var key struct{ KeyType, KmsKeyArn string }
	if len(settings.KeyConfiguration) > 0 && json.Unmarshal(settings.KeyConfiguration, &key) != nil {
		return errors.New("replicas: the settings of the pool are not a JSON object")
	}
	if key.KeyType != "CUSTOMER_MANAGED_KEY" || !strings.Contains(key.KmsKeyArn, ":key/mrk-") {
		return fault.New(fault.OperationNotEnabled, "Replication requires KeyConfiguration with a multi-Region customer managed key.")
	}
	return nil
}

// Tags returns the tags of the replica of a pool with an ARN; found is false if there is none. Errors: ResourceNotFound.
func (s *Service) Tags(ctx context.Context, poolID, arn string) (tags map[string]string, found bool, err error) {
	p, err := s.pools.Pool(ctx, poolID)
	if err != nil {
		return nil, false, err
	}
	i := s.index(poolID, p.Settings.Replicas, arn)
	if i < 0 {
		return nil, false, nil
	}
	return p.Settings.Replicas[i].Tags, true, nil
}

// Retag changes the tags of the replica of a pool with an ARN. Errors: ResourceNotFound, InvalidParameter.
func (s *Service) Retag(ctx context.Context, poolID, arn string, change func(tags map[string]string)) error {
	return s.change(ctx, poolID, func(settings *userpool.PoolSettings) error {
		i := s.index(poolID, settings.Replicas, arn)
		if i < 0 {
			return fault.New(fault.ResourceNotFound, "The replica was deleted.")
		}
		tags := map[string]string{}
		maps.Copy(tags, settings.Replicas[i].Tags)
		change(tags)
		settings.Replicas[i].Tags = tags
		return checkTags(tags)
	})
}

// index returns the position of the replica with the ARN; -1 for none.
func (s *Service) index(poolID string, list []userpool.Replica, arn string) int {
	return slices.IndexFunc(list, func(r userpool.Replica) bool { return s.pools.ARN(r.Region, poolID) == arn })
}

// Update turns the sign-ins of a replica on or off. Errors: ResourceNotFound.
func (s *Service) Update(ctx context.Context, poolID, name, status string) (*Replica, error) {
	var out *Replica
	err := s.change(ctx, poolID, func(settings *userpool.PoolSettings) error {
		for i := range settings.Replicas {
			if settings.Replicas[i].Region == name {
				settings.Replicas[i].Active = status == Active
				out = s.show(poolID, settings.Replicas[i])
				return nil
			}
		}
		return notFound(name)
	})
	return out, err
}

// Delete removes a replica, which must not be active. Errors: ResourceNotFound, InvalidParameter.
func (s *Service) Delete(ctx context.Context, poolID, name string) (*Replica, error) {
	var out *Replica
	err := s.change(ctx, poolID, func(settings *userpool.PoolSettings) error {
		i := slices.IndexFunc(settings.Replicas, func(r userpool.Replica) bool { return r.Region == name })
		switch {
		case i < 0:
			return notFound(name)
		case settings.Replicas[i].Active:
			return fault.New(fault.InvalidParameter, "An active replica cannot be deleted. Set its status to INACTIVE first.")
		}
		out = s.show(poolID, settings.Replicas[i])
		out.Status = deleting
		settings.Replicas = []userpool.Replica{}
		return nil
	})
	return out, err
}

func notFound(name string) error {
	return fault.New(fault.ResourceNotFound, "The user pool has no replica in the region %s.", name)
}

// List returns a pool and its replicas. Errors: ResourceNotFound.
func (s *Service) List(ctx context.Context, poolID string) ([]Replica, error) {
	p, err := s.pools.Pool(ctx, poolID)
	if err != nil {
		return nil, err
	}
	home := s.pools.Home(poolID)
	list := []Replica{{Region: home, Status: Active, Role: primary, ARN: s.pools.ARN(home, poolID)}}
	for _, r := range p.Settings.Replicas {
		list = append(list, *s.show(poolID, r))
	}
	return list, nil
}

// change changes the settings of a pool. It clones what it may change: readers share it.
func (s *Service) change(ctx context.Context, poolID string, fn func(*userpool.PoolSettings) error) error {
	return s.pools.ChangePool(ctx, poolID, func(_ *store.Pool, settings userpool.PoolSettings) (userpool.PoolSettings, error) {
		settings.Replicas = slices.Clone(settings.Replicas)
		err := fn(&settings)
		return settings, err
	})
}

// The operations that a replica has while it is active, in addition to those that read.
var whileActive = map[string]bool{
	"AdminInitiateAuth": true, "AdminRespondToAuthChallenge": true, "AdminUserGlobalSignOut": true, "AdminRevokeUserSession": true,
}

// May returns fault.OperationNotEnabled for an operation that the pool does not have in the region of the call, because it is a replica
// there.
func (s *Service) May(ctx context.Context, poolID, operation string) error {
	r, err := s.pools.ReplicaAt(ctx, poolID)
	if err != nil || r == nil {
		return err
	}
	reads := slices.ContainsFunc([]string{"Describe", "Get", "List", "AdminGet", "AdminList"}, func(prefix string) bool {
		return strings.HasPrefix(operation, prefix)
	})
	if reads || operation == "UpdateUserPoolReplica" || r.Active && whileActive[operation] {
		return nil
	}
	return fault.New(fault.OperationNotEnabled, "The operation %s is not enabled for the replica of the user pool in this region.", operation)
}
