package node

import (
	"context"

	"github.com/sluicegate/sluice/fault"
)

// resources implements caller.Resources.
type resources struct{ sv *Services }

// UserPoolTags returns the tags of a user pool.
func (r resources) UserPoolTags(ctx context.Context, id string) (map[string]string, error) {
	p, err := r.sv.Users.Pools.Pool(ctx, id)
	switch {
	case fault.KindOf(err) == fault.ResourceNotFound:
		return nil, nil
	case err != nil:
		return nil, err
	}
	return p.Settings.UserPoolTags, nil
}

// IdentityPoolTags returns the tags of an identity pool.
func (r resources) IdentityPoolTags(_ context.Context, id string) (map[string]string, error) {
	return r.sv.Identities.PoolTags(id), nil
}

// KMSKey returns the ARN of a local key.
func (r resources) KMSKey(name string, ciphertext []byte) string {
	if name == "" {
		return r.sv.keys.KeyOf(ciphertext)
	}
	arn, _ := r.sv.keys.Find(name)
	return arn
}

// PoolOfIdentity returns the id of an identity's pool.
func (r resources) PoolOfIdentity(ctx context.Context, id string) (string, error) {
	return r.sv.Identities.PoolOfIdentity(ctx, id)
}
