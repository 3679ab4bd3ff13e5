// Package assets serves the stylesheets, scripts and images that are built into the program, for its pages.
//
// What it does: it names each file after its contents, so that browsers keep it for good and get the next version under its own name, and
// compresses it once, when a browser asks for it.
//
// What it leaves to others: the files and the pages (server/login/pages, server/console/pages), and stylesheets and images of users
// (server/brand).
//
// Source: RFC 8246 (immutable), RFC 9110 section 12.5.3 (Accept-Encoding).
package assets

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
)

// Set is a set of files. Add is called before its other methods, which can then be called from any goroutine.
type Set struct {
	dir   string
	files map[string]file // by path
}

type file struct {
	kind  string // its Content-Type
	plain []byte
	gz    func() []byte // compressed at the first call, which many starts do not see
}

// New returns an empty set for the files of a directory of URLs, such as "/login/assets/".
func New(dir string) *Set { return &Set{dir: dir, files: map[string]file{}} }

// Add adds a file and returns its path, which has a digest of the contents between the name and its extension.
func (s *Set) Add(name, contentType string, body []byte) (at string) {
	sum := sha256.Sum256(body)
	ext := path.Ext(name)
	at = s.dir + strings.TrimSuffix(name, ext) + "-" + base64.RawURLEncoding.EncodeToString(sum[:9]) + ext
	s.files[at] = file{kind: contentType, plain: body, gz: sync.OnceValue(func() []byte { return compress(body) })}
	return at
}

func compress(body []byte) []byte {
	var gz bytes.Buffer
	z, err := gzip.NewWriterLevel(&gz, gzip.BestCompression)
	if err == nil {
		_, err = z.Write(body)
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		panic(err) // the level is valid, and memory takes all writes
	}
	return gz.Bytes()
}

// Serve answers a request for the file at a path: 404 if there is none, 405 for methods other than GET and HEAD.
func (s *Set) Serve(w http.ResponseWriter, r *http.Request, at string) {
	f, ok := s.files[at]
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	switch {
	case !ok:
		http.Error(w, "not found", http.StatusNotFound)
		return
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		h.Set("Allow", "GET, HEAD")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	body := f.plain
	h.Set("Content-Type", f.kind)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Vary", "Accept-Encoding")
	if acceptsGzip(r.Header.Get("Accept-Encoding")) {
		h.Set("Content-Encoding", "gzip")
		body = f.gz()
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method == http.MethodGet {
		_, _ = w.Write(body) // the client may have gone
	}
}

func acceptsGzip(header string) bool {
	for coding := range strings.SplitSeq(header, ",") {
		name, quality, _ := strings.Cut(coding, ";")
		if strings.TrimSpace(name) == "gzip" {
			return strings.ReplaceAll(quality, " ", "") != "q=0"
		}
	}
	return false
}
