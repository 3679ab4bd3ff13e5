package pages

import (
	"embed"
	"net/http"
	"strings"

	"github.com/sluicegate/sluice/server/assets"
)

//go:embed static
var static embed.FS

// assetsPath is where the stylesheet and the script are, below the console's path.
const assetsPath = "/assets/"

// Serves reports whether ServeAsset answers a path, which is relative to the console's.
func Serves(path string) bool { return strings.HasPrefix(path, assetsPath) }

// ServeAsset serves the stylesheet, the script and the icon.
func (r *Renderer) ServeAsset(w http.ResponseWriter, req *http.Request, at string) {
	r.assets.Serve(w, req, at)
}

// loadAssets reads the files.
func (r *Renderer) loadAssets() error {
	r.assets = assets.New(assetsPath)
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
		*f.path = r.assets.Add(f.name, f.kind, body)
	}
	return nil
}
