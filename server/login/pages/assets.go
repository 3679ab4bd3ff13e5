package pages

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
)

//go:embed static
var static embed.FS

// assetsPath is where the stylesheet and the script are, below the mount.
const assetsPath = "/login/assets/"

// asset is a file that pages refer to.
type asset struct {
	kind      string // its Content-Type
	plain, gz []byte
}

// Serves reports whether ServeHTTP answers a path, which is relative to the mount.
func Serves(path string) bool { return strings.HasPrefix(path, assetsPath) }

// ServeHTTP serves the stylesheet and the script. Their names change with their contents, so browsers keep them for good.
func (r *Renderer) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	a, ok := r.assets[req.URL.Path]
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	switch {
	case !ok:
		http.Error(w, "not found", http.StatusNotFound)
		return
	case req.Method != http.MethodGet && req.Method != http.MethodHead:
		h.Set("Allow", "GET, HEAD")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	body := a.plain
	h.Set("Content-Type", a.kind)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Vary", "Accept-Encoding")
	if acceptsGzip(req.Header.Get("Accept-Encoding")) {
		h.Set("Content-Encoding", "gzip")
		body = a.gz
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if req.Method == http.MethodGet {
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

// loadAssets reads the files and gives each a path with the digest of its contents.
func (r *Renderer) loadAssets() error {
	r.assets = map[string]asset{}
	for _, f := range []struct {
		name, kind string
		path       *string
	}{
		{stylesheet, "text/css; charset=utf-8", &r.css},
		{"login.js", "text/javascript; charset=utf-8", &r.script},
	} {
		plain, err := static.ReadFile("static/" + f.name)
		if err != nil {
			return err
		}
		if f.name == stylesheet {
			if plain, err = dynamic(plain); err != nil {
				return err
			}
		}
		var gz bytes.Buffer
		z, err := gzip.NewWriterLevel(&gz, gzip.BestCompression)
		if err != nil {
			return err
		}
		if _, err := z.Write(plain); err != nil {
			return fmt.Errorf("compress %s: %w", f.name, err)
		}
		if err := z.Close(); err != nil {
			return fmt.Errorf("compress %s: %w", f.name, err)
		}
		sum := sha256.Sum256(plain)
		ext := path.Ext(f.name)
		*f.path = assetsPath + strings.TrimSuffix(f.name, ext) + "-" + base64.RawURLEncoding.EncodeToString(sum[:9]) + ext
		r.assets[*f.path] = asset{kind: f.kind, plain: plain, gz: gz.Bytes()}
	}
	return nil
}

const stylesheet = "login.css"

// dynamic adds the dark rules of the stylesheet again, for pages that follow the browser.
func dynamic(css []byte) ([]byte, error) {
	const dark, browser = `:root[data-scheme="dark"] {`, `:root[data-scheme="dynamic"] {`
	start := bytes.Index(css, []byte(dark))
	end := start + bytes.Index(css[max(start, 0):], []byte("\n}\n"))
	if start < 0 || end < start {
		return nil, fmt.Errorf("%s has no rules %s", stylesheet, dark)
	}
	rules := "@media (prefers-color-scheme: dark) {\n" + browser + string(css[start+len(dark):end]) + "\n}\n}\n"
	end += len("\n}\n")
	return slices.Concat(css[:end], []byte(rules), css[end:]), nil
}
