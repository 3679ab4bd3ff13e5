package reseal

import (
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/sluicegate/sluice/authz/keyring"
	"github.com/sluicegate/sluice/authz/login"
	"github.com/sluicegate/sluice/iam"
	"github.com/sluicegate/sluice/identitypool"
	"github.com/sluicegate/sluice/message/queue"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/devices"
	"github.com/sluicegate/sluice/userpool/directory"
	"github.com/sluicegate/sluice/userpool/factors"
	"github.com/sluicegate/sluice/userpool/importjob"
	"github.com/sluicegate/sluice/userpool/providers"
	"github.com/sluicegate/sluice/userpool/relay"
	"github.com/sluicegate/sluice/userpool/saml"
	"github.com/sluicegate/sluice/userpool/signin"
	"github.com/sluicegate/sluice/userpool/tokens"
)

// kind reseals the values of a row and returns the new row.
type kind func(x *value, row store.SealedRow) ([]byte, error)

// kinds are how the columns of store.SealedColumns are sealed.
var kinds = map[string]kind{
	"pools.sealed_keys":         bytesOf(func(row key) (string, []byte) { return tokens.OriginKeysSeal(row.text(0)) }),
	"clients.secrets":           clientSecrets,
	"users.srp_verifier":        bytesOf(func(row key) (string, []byte) { return directory.VerifierSeal(row.user()) }),
	"users.mfa":                 factorsOf,
	"signing_keys.private_key":  bytesOf(signingKey),
	"saml_keys.private_key":     bytesOf(func(row key) (string, []byte) { return saml.KeySeal(row.text(0)) }),
	"identity_providers.sealed": bytesOf(identityProvider),
	"pulls.data":                bytesOf(func(row key) (string, []byte) { return relay.RecordSeal(row.text(0)) }),
	"devices.verifier": bytesOf(func(row key) (string, []byte) {
		return devices.VerifierSeal(&store.Device{PoolID: row.text(0), Sub: row.text(1), Key: row.text(2)})
	}),
	"entities.content":         entity,
	"identity_pools.settings":  identityPool,
	"messages.sealed":          bytesOf(func(row key) (string, []byte) { return queue.MessageSeal(row.text(0)) }),
	"challenges.sealed":        bytesOf(func(row key) (string, []byte) { return signin.ChallengeSeal(row.text(0)) }),
	"edge_sessions.sealed":     bytesOf(func(row key) (string, []byte) { return login.TokensSeal(row.text(0)) }),
	"provider_requests.sealed": bytesOf(func(row key) (string, []byte) { return providers.RequestSeal(row.text(0)) }),
	"import_parts.sealed": bytesOf(func(row key) (string, []byte) {
		n, _ := row.Key[3].(int)
		return importjob.PartSeal(row.text(0), row.text(1), row.text(2), n)
	}),
}

// key is a row with readers of its key.
type key struct{ store.SealedRow }

func (k key) text(i int) string {
	text, _ := k.Key[i].(string)
	return text
}

func (k key) user() *store.User { return &store.User{PoolID: k.text(0), Sub: k.text(1)} }

// bytesOf is the kind of a column whose value is sealed as a whole.
func bytesOf(sealedWith func(key) (purpose string, additional []byte)) kind {
	return func(x *value, row store.SealedRow) ([]byte, error) {
		purpose, additional := sealedWith(key{row})
		return x.reseal(row.Value, purpose, additional)
	}
}

func signingKey(row key) (string, []byte) {
	owner, id := row.text(0), row.text(1)
	switch owner {
	case identitypool.KeyOwner:
		return identitypool.KeyPurpose, []byte(id)
	case login.KeyOwner:
		return login.KeyPurpose, keyring.Bind(owner, id, row.More[0])
	}
	return userpool.KeySeal(&store.SigningKey{Owner: owner, ID: id, Use: row.More[0]})
}

func identityProvider(row key) (string, []byte) {
	return providers.DetailsSeal(&store.IdentityProvider{PoolID: row.text(0), Name: row.text(1), Type: row.More[0]})
}

// clientSecrets is the kind of a JSON list, whose items have the sealed secret in hexadecimal digits; see store/sql.
func clientSecrets(x *value, row store.SealedRow) ([]byte, error) {
	var list []struct {
		ID, Sealed string
		CreatedAt  int64
	}
	if err := json.Unmarshal(row.Value, &list); err != nil {
		return nil, fmt.Errorf("secrets: %w", err)
	}
	purpose, additional := userpool.SecretSeal(key{row}.text(0))
	for i := range list {
		sealed, err := hex.DecodeString(list[i].Sealed)
		if err != nil {
			return nil, fmt.Errorf("secrets: %w", err)
		}
		if sealed, err = x.reseal(sealed, purpose, additional); err != nil {
			return nil, err
		}
		list[i].Sealed = hex.EncodeToString(sealed)
	}
	return json.Marshal(list)
}

// factorsOf is the kind of a user's second factors, with up to two sealed secrets of TOTP.
func factorsOf(x *value, row store.SealedRow) ([]byte, error) {
	m, err := userpool.ParseMFA(row.Value)
	if err != nil {
		return nil, err
	}
	purpose, additional := factors.SecretSeal(key{row}.user())
	if m.Secret, err = x.reseal(m.Secret, purpose, additional); err != nil {
		return nil, err
	}
	if m.Pending, err = x.reseal(m.Pending, purpose, additional); err != nil {
		return nil, err
	}
	return json.Marshal(m) //nolint:gosec // G117: the secret is sealed
}

// entity is the kind of an entity of IAM, of which SAML providers have sealed keys.
func entity(x *value, row store.SealedRow) ([]byte, error) {
	var all map[string]json.RawMessage
	if err := json.Unmarshal(row.Value, &all); err != nil {
		return nil, fmt.Errorf("content: %w", err)
	}
	arn := key{row}.text(0)
	if all["keys"] == nil || !iam.IsSAMLProvider(arn) {
		return row.Value, nil
	}
	var list []iam.SAMLKey
	if err := json.Unmarshal(all["keys"], &list); err != nil {
		return nil, fmt.Errorf("keys: %w", err)
	}
	for i := range list {
		purpose, additional := iam.SAMLKeySeal(arn, list[i].ID)
		sealed, err := x.reseal(list[i].Sealed, purpose, additional)
		if err != nil {
			return nil, err
		}
		list[i].Sealed = sealed
	}
	var err error
	if all["keys"], err = json.Marshal(list); err != nil {
		return nil, err
	}
	return json.Marshal(all)
}

// identityPool is the kind of the settings of an identity pool.
func identityPool(x *value, row store.SealedRow) ([]byte, error) {
	next, id, err := identitypool.ResealSecret(x.box, key{row}.text(0), row.Value, x.count)
	if err != nil || id == 0 {
		return row.Value, err
	}
	if next == nil {
		x.byKey[fmt.Sprintf("%08x", id)]++
		return row.Value, nil
	}
	x.changed = true
	x.byKey[x.box.Keys()[0].ID()]++
	return next, nil
}
