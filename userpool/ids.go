package userpool

import (
	"fmt"

	"github.com/google/uuid"
)

const (
	lowerAlnum = "abcdefghijklmnopqrstuvwxyz0123456789"
	alnum      = "ABCDEFGHIJKLMNOPQRSTUVWXYZ" + lowerAlnum
)

// fromAlphabet draws n characters, each equally likely: bytes past the last whole multiple are thrown away.
func (s *Service) fromAlphabet(alphabet string, n int) (string, error) {
	limit := 256 - 256%len(alphabet)
	out := make([]byte, 0, n)
	for len(out) < n {
		raw, err := s.random(n)
		if err != nil {
			return "", err
		}
		for _, b := range raw {
			if int(b) < limit && len(out) < n {
				out = append(out, alphabet[int(b)%len(alphabet)])
			}
		}
	}
	return string(out), nil
}

// newPoolID is the region, an underscore and 9 alphanumerics, as AWS's ids are.
func (s *Service) newPoolID() (string, error) {
	tail, err := s.fromAlphabet(alnum, 9)
	return s.o.Region + "_" + tail, err
}

func (s *Service) newClientID() (string, error) { return s.fromAlphabet(lowerAlnum, 26) }

func (s *Service) newClientSecret() (string, error) { return s.fromAlphabet(lowerAlnum, 52) }

// newUUID draws a random UUID (version 4).
func (s *Service) newUUID() (string, error) {
	id, err := uuid.NewRandomFromReader(s.o.Rand)
	if err != nil {
		return "", fmt.Errorf("userpool: no randomness: %w", err)
	}
	return id.String(), nil
}

// poolARN is the pool's resource name.
func (s *Service) poolARN(poolID string) string {
	return fmt.Sprintf("arn:aws:cognito-idp:%s:%s:userpool/%s", s.o.Region, s.o.Account, poolID)
}
