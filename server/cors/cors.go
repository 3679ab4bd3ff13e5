package cors

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Options are the options of New.
type Options struct {
	// Origins are scheme and host, such as https://app.example.com. "https://*.example.com" represents every host below it, and "*" for every
	// origin.
	Origins []string
	// Methods are those that a preflight permits. nil permits the one that it asks for.
	Methods []string
	// Headers are the names of request headers that a preflight permits. nil permits those that it asks for.
	Headers []string
	// Expose are the names of response headers that pages may read.
	Expose []string
	// Credentials lets pages send cookies. It cannot be combined with the origin "*".
	Credentials bool
	// MaxAge is how long browsers keep the answer to a preflight. 0 = two hours.
	MaxAge time.Duration
}

// Policy is what a route permits. It is safe for concurrent use.
type Policy struct {
	o       Options
	any     bool
	exact   map[string]bool
	below   [][2]string // scheme with ://, and the host's end, from the dot on
	methods string
	headers string
	expose  string
	maxAge  string
}

// maxAsked is how many bytes of a preflight's headers are repeated in its answer.
const maxAsked = 4096

// New returns a Policy, or an error that names the option that is wrong.
func New(o Options) (*Policy, error) {
	p := &Policy{o: o, exact: map[string]bool{}, methods: strings.Join(o.Methods, ", "), headers: strings.Join(o.Headers, ", "), expose: strings.Join(o.Expose, ", ")}
	if len(o.Origins) == 0 {
		return nil, errors.New("no origin is set; write one, such as https://app.example.com")
	}
	for _, origin := range o.Origins {
		if err := p.add(origin); err != nil {
			return nil, err
		}
	}
	if p.any && o.Credentials {
		return nil, errors.New("credentials cannot be allowed for every origin; list the origins, or remove credentials")
	}
	if o.MaxAge < 0 {
		return nil, errors.New("max_age cannot be negative")
	}
	if o.MaxAge == 0 {
		o.MaxAge = 2 * time.Hour // Chromium's limit
	}
	p.maxAge = strconv.Itoa(int(o.MaxAge / time.Second))
	for _, name := range slices.Concat(o.Methods, o.Headers, o.Expose) {
		if name == "" || strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune(`",;:()<>@\/[]?={}`, r) }) {
			return nil, fmt.Errorf("%q is not the name of a method or a header", name)
		}
	}
	return p, nil
}

// add adds an origin.
func (p *Policy) add(origin string) error {
	if origin == "*" {
		p.any = true
		return nil
	}
	scheme, host, ok := strings.Cut(origin, "://")
	wrong := !ok || (scheme != "http" && scheme != "https") || host == "" || strings.ContainsAny(host, "/?#@ ") || strings.ToLower(host) != host
	if rest, wild := strings.CutPrefix(host, "*."); wild {
		wrong = wrong || rest == "" || strings.Contains(rest, "*")
		p.below = append(p.below, [2]string{scheme + "://", "." + rest})
	} else {
		wrong = wrong || strings.Contains(host, "*")
		p.exact[origin] = true
	}
	if wrong {
		return fmt.Errorf("%q is not an origin; write scheme and host in lower case, such as https://app.example.com, https://*.example.com or *", origin)
	}
	return nil
}

// permits reports whether pages of the origin may call the route.
func (p *Policy) permits(origin string) bool {
	if p.any || p.exact[origin] {
		return true
	}
	for _, b := range p.below {
		if label, ok := strings.CutPrefix(origin, b[0]); ok {
			if label, ok = strings.CutSuffix(label, b[1]); ok && label != "" && !strings.ContainsAny(label, "/:@") {
				return true
			}
		}
	}
	return false
}

// Serve answers a preflight and returns true. For other requests it returns the writer for the answer, with its headers set, and false.
func (p *Policy) Serve(w http.ResponseWriter, r *http.Request) (http.ResponseWriter, bool) {
	if p == nil {
		return w, false
	}
	origin := r.Header.Get("Origin")
	if r.Method == http.MethodOptions && origin != "" && r.Header.Get("Access-Control-Request-Method") != "" {
		p.preflight(w, r, origin)
		return w, true
	}
	marked := &writer{ResponseWriter: w, policy: p, origin: origin}
	marked.mark() // for hosts that write without the wrapper
	return marked, false
}

// preflight answers a preflight.
func (p *Policy) preflight(w http.ResponseWriter, r *http.Request, origin string) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Add("Vary", "Origin, Access-Control-Request-Method, Access-Control-Request-Headers")
	method, headers := r.Header.Get("Access-Control-Request-Method"), strings.Join(r.Header.Values("Access-Control-Request-Headers"), ", ")
	if !p.permits(origin) || len(method)+len(headers) > maxAsked {
		http.Error(w, "pages of this origin may not call this route", http.StatusForbidden)
		return
	}
	if p.o.Methods != nil {
		method = p.methods
	}
	if p.o.Headers != nil {
		headers = p.headers
	}
	p.allow(h, origin)
	h.Set("Access-Control-Allow-Methods", method)
	if headers != "" {
		h.Set("Access-Control-Allow-Headers", headers)
	}
	h.Set("Access-Control-Max-Age", p.maxAge)
	w.WriteHeader(http.StatusNoContent)
}

// allow sets the headers that say who may read an answer.
func (p *Policy) allow(h http.Header, origin string) {
	if p.any {
		origin = "*"
	}
	h.Set("Access-Control-Allow-Origin", origin)
	if p.o.Credentials {
		h.Set("Access-Control-Allow-Credentials", "true")
	}
}

// writer replaces the upstream's headers with those of the policy when the response begins.
type writer struct {
	http.ResponseWriter
	policy *Policy
	origin string
	begun  bool
}

// mark sets the headers of the answer.
func (w *writer) mark() {
	h := w.Header()
	for name := range h {
		if strings.HasPrefix(name, "Access-Control-") {
			h.Del(name)
		}
	}
	if !w.policy.any && !slices.Contains(h.Values("Vary"), "Origin") { // to every origin the answer is the same
		h.Add("Vary", "Origin")
	}
	if w.origin == "" && !w.policy.any || !w.policy.permits(w.origin) {
		return
	}
	w.policy.allow(h, w.origin)
	if w.policy.expose != "" {
		h.Set("Access-Control-Expose-Headers", w.policy.expose)
	}
}

// WriteHeader implements http.ResponseWriter.
func (w *writer) WriteHeader(status int) {
	if !w.begun {
		w.mark()
	}
	w.begun = w.begun || status >= 200 || status == http.StatusSwitchingProtocols
	w.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (w *writer) Write(data []byte) (int, error) {
	w.begin()
	return w.ResponseWriter.Write(data)
}

func (w *writer) begin() {
	if !w.begun {
		w.begun = true
		w.mark()
	}
}

// ReadFrom implements io.ReaderFrom, so that files are sent without copies.
func (w *writer) ReadFrom(r io.Reader) (int64, error) {
	w.begin()
	return io.Copy(w.ResponseWriter, r)
}

// Flush implements http.Flusher.
func (w *writer) Flush() {
	w.begin()
	_ = http.NewResponseController(w.ResponseWriter).Flush() // a writer that cannot flush sends at the end
}

// Hijack implements http.Hijacker.
func (w *writer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return http.NewResponseController(w.ResponseWriter).Hijack()
}

// Unwrap is for http.ResponseController.
func (w *writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }
