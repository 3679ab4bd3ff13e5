package oauth

import (
	"html/template"
	"log/slog"
	"net/http"

	"github.com/sluicegate/sluice/userpool/oauth"
)

// plain shows pages without a style.
type plain struct{ log *slog.Logger }

var plainError = template.Must(template.New("error").Parse(`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>Error</title>
</head>
<body>
<p role="alert">{{.}}</p>
</body>
</html>
`))

var plainForm = template.Must(template.New("form").Parse(`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>Continue</title>
</head>
<body>
<form method="post" action="{{.Location}}">
{{range .Form}}<input type="hidden" name="{{.Name}}" value="{{.Value}}">
{{end}}<button>Continue</button>
</form>
</body>
</html>
`))

func (p plain) show(w http.ResponseWriter, status int, page *template.Template, data any) {
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'")
	header.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	if err := page.Execute(w, data); err != nil {
		p.log.Debug("answer not delivered", "error", err)
	}
}

// ShowError shows the text of the error.
func (p plain) ShowError(w http.ResponseWriter, _ *http.Request, e *oauth.PageError) {
	if e.Status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "1")
	}
	p.show(w, e.Status, plainError, e.Text)
}

// ShowForm shows the form. The client chose the scheme of the action when it registered the redirect URI.
func (p plain) ShowForm(w http.ResponseWriter, _ *http.Request, answer *oauth.Response) {
	p.show(w, http.StatusOK, plainForm, answer)
}
