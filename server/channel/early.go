package channel

import "net/http"

// TooEarly reports whether the request came in early data and is not safe to repeat: an attacker may replay early data (RFC 8470
// section 3). A proxy in front that takes early data says so in the header Early-Data; any value of it counts (section 5.1).
func TooEarly(r *http.Request) bool {
	if !Early(r) && r.Header["Early-Data"] == nil {
		return false
	}
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
		return false
	}
	return true
}

// Early reports whether the request came in early data of this connection.
func Early(r *http.Request) bool { return r.TLS != nil && !r.TLS.HandshakeComplete }
