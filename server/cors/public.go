package cors

import (
	"net/http"
	"strings"
)

// Public lets pages of every origin call an endpoint that no cookie authorizes and read its answer. If the request is a preflight, Public
// answers it, permits the methods and every header that it asks for, and returns true: clients add headers of tracing and of their own
// protocols.
func Public(w http.ResponseWriter, r *http.Request, methods ...string) (done bool) {
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	if r.Method != http.MethodOptions {
		return false
	}
	h.Add("Vary", "Access-Control-Request-Headers")
	h.Set("Access-Control-Allow-Methods", strings.Join(methods, ", "))
	if asked := strings.Join(r.Header.Values("Access-Control-Request-Headers"), ", "); asked != "" && len(asked) <= maxAsked {
		h.Set("Access-Control-Allow-Headers", asked)
	}
	h.Set("Access-Control-Max-Age", "7200")
	w.WriteHeader(http.StatusOK)
	return true
}
