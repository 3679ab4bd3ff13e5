package directory

import "github.com/sluicegate/sluice/userpool/courier"

// FillCourier takes every place for messages of the pool until free is called.
func (s *Service) FillCourier(pool string) (free func()) {
	var taken []*courier.Place
	for {
		at, err := s.courier.Reserve(pool)
		if err != nil {
			return func() {
				for _, at := range taken {
					at.Free()
				}
			}
		}
		taken = append(taken, at)
	}
}

// Fill takes every ticket until free is called.
func (h *Hasher) Fill() (free func()) { return fill(h.tickets) }

func fill(places chan struct{}) func() {
	for range cap(places) {
		places <- struct{}{}
	}
	return func() {
		for range cap(places) {
			<-places
		}
	}
}
