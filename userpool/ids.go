package userpool

import "fmt"

// LowerAlphanumeric is the alphabet of client ids and secrets.
const LowerAlphanumeric = "abcdefghijklmnopqrstuvwxyz0123456789"

// maxPoolID is the longest pool id of the API, in characters.
const maxPoolID = 55

const alphanumeric = "ABCDEFGHIJKLMNOPQRSTUVWXYZ" + LowerAlphanumeric

// newPoolID returns the region, an underscore and 9 letters and digits, as AWS's ids are.
func (s *Service) newPoolID() (string, error) {
	tail, err := s.base.RandomText(alphanumeric, 9)
	return s.o.Region + "_" + tail, err
}

func (s *Service) newClientID() (string, error) { return s.base.RandomText(LowerAlphanumeric, 26) }

func (s *Service) newClientSecret() (string, error) { return s.base.RandomText(LowerAlphanumeric, 52) }

// poolARN returns the pool's resource name.
func (s *Service) poolARN(poolID string) string {
	return fmt.Sprintf("arn:aws:cognito-idp:%s:%s:userpool/%s", s.o.Region, s.o.Account, poolID)
}
