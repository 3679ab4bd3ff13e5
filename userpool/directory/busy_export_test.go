package directory

// FillCourier takes every place for messages until free is called.
func (s *Service) FillCourier() (free func()) { return fill(s.courier.places) }

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
