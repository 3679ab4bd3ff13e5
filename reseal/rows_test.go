package reseal_test

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/sluicegate/sluice/authz/keyring"
	"github.com/sluicegate/sluice/authz/login"
	"github.com/sluicegate/sluice/iam"
	"github.com/sluicegate/sluice/identitypool"
	"github.com/sluicegate/sluice/message/queue"
	"github.com/sluicegate/sluice/seal"
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

// secret is what every value of the tests keeps sealed.
const secret = "the secret of a row"

// sealing seals the secret, or opens what is sealed, with a purpose and the data that bind it to its row.
type sealing func(purpose string, additional []byte, sealed []byte) (value []byte, err error)

// row is a row of a sealed column: its key, what else the sealing depends on, and its value.
type row struct {
	key   []any
	more  []string
	value func(seal sealing) ([]byte, error) // the value, made by calls of seal without sealed texts
}

// whole is the value of a column that is sealed as a whole.
func whole(purpose string, additional []byte) func(sealing) ([]byte, error) {
	return func(s sealing) ([]byte, error) { return s(purpose, additional, nil) }
}

func asJSON(make func(s sealing) (any, error)) func(sealing) ([]byte, error) {
	return func(s sealing) ([]byte, error) {
		v, err := make(s)
		if err != nil {
			return nil, err
		}
		return json.Marshal(v)
	}
}

const pool, sub, samlARN = "us-east-1_notes0001", "sub%d", "arn:aws:iam::123456789012:saml-provider/corp%d"

// rowOf returns the n-th row of a column as the packages that own it seal it.
var rowOf = map[string]func(n int) row{
	"pools.sealed_keys": func(n int) row {
		id := fmt.Sprint(pool, n)
		return row{key: []any{id}, value: whole(tokens.OriginKeysSeal(id))}
	},
	"clients.secrets": func(n int) row {
		id := fmt.Sprint("client", n)
		return row{key: []any{id}, value: asJSON(func(s sealing) (any, error) {
			type item struct {
				ID, Sealed string
				CreatedAt  int64
			}
			var list []item
			for _, name := range []string{"a", "b"} {
				purpose, additional := userpool.SecretSeal(id)
				text, err := s(purpose, additional, nil)
				if err != nil {
					return nil, err
				}
				list = append(list, item{name, hex.EncodeToString(text), 5})
			}
			return list, nil
		})}
	},
	"users.srp_verifier": func(n int) row {
		u := &store.User{PoolID: pool, Sub: fmt.Sprintf(sub, n)}
		return row{key: []any{u.PoolID, u.Sub}, value: whole(directory.VerifierSeal(u))}
	},
	"users.mfa": func(n int) row {
		u := &store.User{PoolID: pool, Sub: fmt.Sprintf(sub, n)}
		return row{key: []any{u.PoolID, u.Sub}, value: asJSON(func(s sealing) (any, error) {
			purpose, additional := factors.SecretSeal(u)
			one, err := s(purpose, additional, nil)
			two, failed := s(purpose, additional, nil)
			return userpool.MFA{Token: true, Secret: one, Pending: two, LastStep: 7}, errors.Join(err, failed)
		})}
	},
	"signing_keys.private_key": func(n int) row {
		id := fmt.Sprint("kid", n)
		switch n % 3 {
		case 0:
			return row{key: []any{identitypool.KeyOwner, id}, more: []string{identitypool.KeyOwner}, value: whole(identitypool.KeyPurpose, []byte(id))}
		case 1:
			return row{key: []any{login.KeyOwner, id}, more: []string{login.KeyOwner}, value: whole(login.KeyPurpose, keyring.Bind(login.KeyOwner, id, login.KeyOwner))}
		}
		return row{key: []any{pool, id}, more: []string{userpool.UseAccess},
			value: whole(userpool.KeySeal(&store.SigningKey{Owner: pool, ID: id, Use: userpool.UseAccess}))}
	},
	"saml_keys.private_key": func(n int) row {
		id := fmt.Sprint(pool, n)
		return row{key: []any{id}, value: whole(saml.KeySeal(id))}
	},
	"identity_providers.sealed": func(n int) row {
		p := &store.IdentityProvider{PoolID: pool, Name: fmt.Sprint("corp", n), Type: "OIDC"}
		return row{key: []any{p.PoolID, p.Name}, more: []string{p.Type}, value: whole(providers.DetailsSeal(p))}
	},
	"pulls.data": func(n int) row {
		id := fmt.Sprint(pool, n)
		return row{key: []any{id}, value: whole(relay.RecordSeal(id))}
	},
	"devices.verifier": func(n int) row {
		d := &store.Device{PoolID: pool, Sub: "ann", Key: fmt.Sprint("device", n)}
		return row{key: []any{d.PoolID, d.Sub, d.Key}, value: whole(devices.VerifierSeal(d))}
	},
	"entities.content": func(n int) row {
		arn := fmt.Sprintf(samlARN, n)
		return row{key: []any{arn}, value: asJSON(func(s sealing) (any, error) {
			purpose, additional := iam.SAMLKeySeal(arn, "k1")
			text, err := s(purpose, additional, nil)
			return map[string]any{"name": "corp", "keys": []iam.SAMLKey{{ID: "k1", Sealed: text}}}, err
		})}
	},
	"identity_pools.settings": func(n int) row {
		id := fmt.Sprintf("us-east-1:11111111-2222-4333-8444-%012d", n)
		return row{key: []any{id}, value: asJSON(func(s sealing) (any, error) {
			text, err := s("identitypool: application of a public provider", []byte(id), nil)
			return map[string]any{"name": "notes", "publicLogins": map[string]string{"api.twitter.com": "sealed:" + string(seal.AppendToken(nil, text))}}, err
		})}
	},
	"messages.sealed": func(n int) row {
		id := fmt.Sprint("m", n)
		return row{key: []any{id}, value: whole(queue.MessageSeal(id))}
	},
	"challenges.sealed": func(n int) row {
		id := fmt.Sprint("c", n)
		return row{key: []any{id}, value: whole(signin.ChallengeSeal(id))}
	},
	"edge_sessions.sealed": func(n int) row {
		id := fmt.Sprint("e", n)
		return row{key: []any{id}, value: whole(login.TokensSeal(id))}
	},
	"provider_requests.sealed": func(n int) row {
		id := fmt.Sprint("r", n)
		return row{key: []any{id}, value: whole(providers.RequestSeal(id))}
	},
	"import_parts.sealed": func(n int) row {
		return row{key: []any{pool, "job", "upload", n}, value: whole(importjob.PartSeal(pool, "job", "upload", n))}
	},
}
