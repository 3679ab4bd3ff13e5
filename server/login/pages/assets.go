package pages

import (
	"bytes"
	"embed"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/sluicegate/sluice/server/assets"
)

//go:embed static
var static embed.FS

// assetsPath is where the stylesheet and the script are, below the mount.
const assetsPath = "/login/assets/"

// Serves reports whether ServeHTTP answers a path, which is relative to the mount.
func Serves(path string) bool { return strings.HasPrefix(path, assetsPath) }

// ServeHTTP serves the stylesheet and the script.
func (r *Renderer) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.assets.Serve(w, req, req.URL.Path)
}

// loadAssets reads the files.
func (r *Renderer) loadAssets() error {
	css, err := static.ReadFile("static/" + stylesheet)
	if err != nil {
		return err
	}
	if css, err = dynamic(css); err != nil {
		return err
	}
	script, err := static.ReadFile("static/login.js")
	if err != nil {
		return err
	}
	r.assets = assets.New(assetsPath)
	r.css = r.assets.Add(stylesheet, "text/css; charset=utf-8", css)
	r.script = r.assets.Add("login.js", "text/javascript; charset=utf-8", script)
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
