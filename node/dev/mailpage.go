package dev

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"html/template"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

//go:embed static
var static embed.FS

//go:embed pages.html
var pagesText string

var pages = template.Must(template.New("pages").Funcs(template.FuncMap{"text": plain, "links": links, "clock": func(t time.Time) string { return t.Local().Format(time.TimeOnly) },
	"stamp": func(t time.Time) string { return t.Format(time.RFC3339) }}).Parse(pagesText))

const (
	maxWait  = 5 * time.Minute
	maxShown = 100 // messages on the page
)

// serve answers /.dev/mail: the page, or JSON for programs. The parameters to, purpose and after choose messages; wait is how long to
// wait for one.
func (m *Mailbox) serve(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	asJSON := query.Get("format") == "json" || strings.Contains(r.Header.Get("Accept"), "application/json")
	wanted, wait, err := readWanted(query.Get)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), wait)
	defer cancel()
	var found []Mail
	var last int
	if wait > 0 {
		found, last, err = m.Wait(ctx, wanted)
	} else {
		found, last, err = m.Read(wanted)
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded): // none came: an empty list
	case err != nil:
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	if !asJSON {
		slices.Reverse(found)
		render(w, "mail", found[:min(len(found), maxShown)])
		return
	}
	noStore(w, "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"messages": found, "last": last}) // a client that has gone needs no answer
}

func readWanted(get func(string) string) (w Wanted, wait time.Duration, err error) {
	w = Wanted{To: get("to"), Purpose: get("purpose")}
	if text := get("after"); text != "" {
		if w.After, err = strconv.Atoi(text); err != nil {
			return w, 0, fmt.Errorf("after=%q is not the id of a message; write the field last of an earlier answer", text)
		}
	}
	if text := get("wait"); text != "" {
		wait, err = time.ParseDuration(text)
		if err != nil || wait < 0 || wait > maxWait {
			return w, 0, fmt.Errorf("wait=%q is not a duration up to %s; write, for example: wait=10s", text, maxWait)
		}
	}
	return w, wait, nil
}

// events tells the page about messages as they arrive, as server-sent events.
func (m *Mailbox) events(w http.ResponseWriter, r *http.Request) {
	noStore(w, "text/event-stream")
	to := http.NewResponseController(w)
	_, last, err := m.Read(Wanted{})
	for err == nil {
		if _, err = fmt.Fprintf(w, "data: %d\n\n", last); err != nil {
			return
		}
		if err = to.Flush(); err != nil {
			return
		}
		_, last, err = m.Wait(r.Context(), Wanted{After: last})
	}
}

// home answers /.dev/: where everything is.
func (s *Server) home(w http.ResponseWriter, _ *http.Request) {
	f := s.Facts()
	render(w, "home", map[string]any{"Facts": f, "Exports": f.exports(), "Pool": s.Seed.Pool})
}

// callback answers /.dev/callback, to which the sample login page returns.
func (s *Server) callback(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	render(w, "callback", map[string]any{"Facts": s.Facts(), "Code": query.Get("code"), "Error": query.Get("error"), "Text": query.Get("error_description"),
		"Return": s.URL + callbackPath})
}

func render(w http.ResponseWriter, name string, data any) {
	var page strings.Builder
	if err := pages.ExecuteTemplate(&page, name, data); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	noStore(w, "text/html; charset=utf-8")
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
	h.Set("Referrer-Policy", "no-referrer")
	_, _ = w.Write([]byte(page.String())) // a client that has gone needs no answer
}

func noStore(w http.ResponseWriter, contentType string) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
}

var (
	markup  = regexp.MustCompile(`<[^>]*>`)
	address = regexp.MustCompile(`href="(https?://[^"]+)"`)
)

// plain returns the text of a message without markup.
func plain(m Mail) string {
	if !m.HTML {
		return m.Body
	}
	return html.UnescapeString(markup.ReplaceAllString(m.Body, ""))
}

// links returns the links of a message.
func links(m Mail) []string {
	var found []string
	if m.HTML {
		for _, match := range address.FindAllStringSubmatch(m.Body, -1) {
			found = append(found, html.UnescapeString(match[1]))
		}
	}
	return found
}
