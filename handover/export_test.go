package handover

// Handshakes returns the number of connections on which a TLS handshake above the Listener has begun.
func (l *Listener) Handshakes() (n int) {
	for _, c := range l.open() {
		if c.phase.Load() == apart {
			n++
		}
	}
	return n
}

// Waits returns the number of connections on which the server waits for a request.
func (l *Listener) Waits() (n int) {
	for _, c := range l.open() {
		c.mu.Lock()
		if c.idle {
			n++
		}
		c.mu.Unlock()
	}
	return n
}
