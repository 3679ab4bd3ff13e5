package pages

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"net/http"
	"path"
	"strconv"
	"strings"
)

//go:embed static
var static embed.FS

// assetsPath is where the stylesheet and the script are, below the console's path.
const assetsPath = "/assets/"

// asset is a file that pages refer to.
type asset struct {
	kind string // its Content-Type
	body []byte
}

// Serves reports whether ServeAsset answers a path, which is relative to the console's.
func Serves(path string) bool { return strings.HasPrefix(path, assetsPath) }

// ServeAsset serves the stylesheet and the script. Their names change with their contents, so browsers keep them for good.
func (r *Renderer) ServeAsset(w http.ResponseWriter, req *http.Request, at string) {
	a, ok := r.assets[at]
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
	h.Set("Content-Type", a.kind)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Content-Length", strconv.Itoa(len(a.body)))
	if req.Method == http.MethodGet {
		_, _ = w.Write(a.body) // the client may have gone
	}
}

// loadAssets reads the files and gives each a path with the digest of its contents.
func (r *Renderer) loadAssets() error {
	r.assets = map[string]asset{}
	for _, f := range []struct {
		name, kind string
		path       *string
	}{
		{"console.css", "text/css; charset=utf-8", &r.css},
		{"console.js", "text/javascript; charset=utf-8", &r.script},
		{"icon.svg", "image/svg+xml", &r.icon},
	} {
		body, err := static.ReadFile("static/" + f.name)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(body)
		ext := path.Ext(f.name)
		*f.path = assetsPath + strings.TrimSuffix(f.name, ext) + "-" + base64.RawURLEncoding.EncodeToString(sum[:9]) + ext
		r.assets[*f.path] = asset{kind: f.kind, body: body}
	}
	return nil
}
