// Package administrator gives the service of roles the administrator's key of the configuration that runs.
package administrator

import (
	"context"
	"errors"
	"regexp"
	"sync"

	"github.com/sluicegate/sluice/credentials/sigv4"
	"github.com/sluicegate/sluice/iam"
	"github.com/sluicegate/sluice/node/overlap"
)

var accessKeyID = regexp.MustCompile(`\A\w{16,128}\z`)

// Check returns the error that iam.Service.UseRoot would return for a key of the environment; nil for none.
func Check(key sigv4.Credentials) error {
	id, secret := key.AccessKeyID, key.SecretAccessKey
	switch {
	case id == "" && secret == "":
		return nil
	case id == "" || secret == "":
		return errors.New("the administrator's key needs both parts; set SLUICE_ROOT_ACCESS_KEY_ID and SLUICE_ROOT_SECRET_ACCESS_KEY, or neither")
	case !accessKeyID.MatchString(id):
		return errors.New("SLUICE_ROOT_ACCESS_KEY_ID is not 16 to 128 letters, digits and underscores")
	case len(secret) < 16:
		return errors.New("SLUICE_ROOT_SECRET_ACCESS_KEY has fewer than 16 characters; set a longer one")
	}
	return nil
}

// Keys has the key of each configuration that runs on one service of roles. That of the newest is in effect, and no other.
type Keys struct {
	mu   sync.Mutex
	keys overlap.Values[iam.RootKey]
}

// Begin puts the key of a configuration into effect; without one, the key in the store, which is returned if it was made.
func (k *Keys) Begin(ctx context.Context, roles *iam.Service, owner any, key sigv4.Credentials) (made *iam.RootKey, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	made, err = roles.UseRoot(ctx, key.AccessKeyID, key.SecretAccessKey)
	if err != nil {
		return nil, err
	}
	id, secret, _ := roles.RootKey()
	k.keys.Begin(owner, &iam.RootKey{AccessKeyID: id, Secret: secret})
	return made, nil
}

// End forgets the key of a configuration. If it was the newest, because it did not start, the one from before is in effect again.
func (k *Keys) End(roles *iam.Service, owner any) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.keys.End(owner)
	key := k.keys.Newest()
	if key == nil {
		return nil
	}
	_, err := roles.UseRoot(context.Background(), key.AccessKeyID, key.Secret.Reveal())
	return err
}
