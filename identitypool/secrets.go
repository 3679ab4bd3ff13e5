package identitypool

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"

	"github.com/sluicegate/sluice/authz/accesstoken"
	"github.com/sluicegate/sluice/seal"
)

const (
	secretPurpose = "identitypool: application of a public provider"
	sealedPrefix  = "sealed:"
	maxSealed     = 4 << 10 // characters
)

// sealSecrets returns settings with the application of Twitter, which has a secret, sealed.
func (s *Service) sealSecrets(poolID string, settings Settings) (Settings, error) {
	app, ok := settings.PublicLogins[accesstoken.Twitter]
	if !ok {
		return settings, nil
	}
	text, err := s.o.Box.SealToken(secretPurpose, []byte(app), []byte(poolID))
	if err != nil {
		return settings, err
	}
	settings.PublicLogins = maps.Clone(settings.PublicLogins)
	settings.PublicLogins[accesstoken.Twitter] = sealedPrefix + text
	return settings, nil
}

// openSecrets opens what sealSecrets sealed. Settings that were stored before have the application in the clear.
func (s *Service) openSecrets(poolID string, settings *Settings) error {
	text, sealed := strings.CutPrefix(settings.PublicLogins[accesstoken.Twitter], sealedPrefix)
	if !sealed {
		return nil
	}
	app, err := s.o.Box.OpenToken(secretPurpose, text, []byte(poolID), maxSealed)
	if err != nil {
		return err
	}
	settings.PublicLogins[accesstoken.Twitter] = string(app)
	return nil
}

// ResealSecret seals the application of a public provider in the JSON of a pool's settings again, unless dry is set. out is nil if there is
// nothing to change. keyID is the ID of the master key that had sealed it, 0 if there is none.
func ResealSecret(box *seal.Box, poolID string, text []byte, dry bool) (out []byte, keyID uint32, err error) {
	var settings map[string]json.RawMessage
	var logins map[string]string
	if err := json.Unmarshal(text, &settings); err != nil {
		return nil, 0, fmt.Errorf("identitypool: settings of pool %s: %w", poolID, err)
	}
	if raw := settings["publicLogins"]; raw != nil {
		if err := json.Unmarshal(raw, &logins); err != nil {
			return nil, 0, fmt.Errorf("identitypool: settings of pool %s: %w", poolID, err)
		}
	}
	token, ok := strings.CutPrefix(logins[accesstoken.Twitter], sealedPrefix)
	if !ok {
		return nil, 0, nil
	}
	sealed, err := seal.AppendDecoded(nil, token)
	if err != nil {
		return nil, 0, err
	}
	keyID, _ = seal.KeyID(sealed)
	if dry || box.Seals(keyID) {
		return nil, keyID, nil
	}
	app, err := box.OpenToken(secretPurpose, token, []byte(poolID), maxSealed)
	if err != nil {
		return nil, keyID, err
	}
	if token, err = box.SealToken(secretPurpose, app, []byte(poolID)); err != nil {
		return nil, keyID, err
	}
	logins[accesstoken.Twitter] = sealedPrefix + token
	if settings["publicLogins"], err = json.Marshal(logins); err != nil {
		return nil, keyID, err
	}
	out, err = json.Marshal(settings)
	return out, keyID, err
}
