// Command gallery serves every login page in every state, to look at them and to translate them.
//
//	go run ./server/login/pages/gallery [-listen 127.0.0.1:8090] [-languages DIR]
//
// The addresses take the parameters lang, scheme (light, dark or dynamic) and version (1 is the classic look). Forms show what they
// send.
//
// It does not sign anyone in, and the binary does not contain it.
//
// Source: server/login/pages/samples.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"html/template"
	"io/fs"
	"log"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/sluicegate/sluice/server/login/pages"
	"github.com/sluicegate/sluice/server/login/pages/samples"
	"github.com/sluicegate/sluice/userpool/branding"
)

var index = template.Must(template.New("index").Parse(`<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Login pages</title></head>
<body><h1>Login pages</h1><ul>{{range .}}<li><a href="/sample/{{.Name}}">{{.Name}}</a></li>{{end}}</ul></body></html>
`))

func main() {
	listen := flag.String("listen", "127.0.0.1:8090", "address to listen on; port 0 takes a free one")
	languages := flag.String("languages", "", "folder of more language files")
	flag.Parse()
	var more fs.FS
	if *languages != "" {
		more = os.DirFS(*languages)
	}
	r, err := pages.New(pages.Options{Languages: more})
	if err != nil {
		log.Fatal(err)
	}
	l, err := net.Listen("tcp", *listen)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("http://%s\n", l.Addr())
	server := &http.Server{Handler: handler(r), ReadHeaderTimeout: time.Minute}
	log.Fatal(server.Serve(l))
}

func handler(r *pages.Renderer) http.Handler {
	all := map[string]samples.Sample{}
	for _, s := range samples.All() {
		all[s.Name] = s
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		if err := index.Execute(w, samples.All()); err != nil {
			log.Print(err)
		}
	})
	mux.Handle("GET /login/assets/", r)
	mux.HandleFunc("POST /sample/{name}", func(w http.ResponseWriter, req *http.Request) {
		if err := req.ParseForm(); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(req.PostForm); err != nil {
			log.Print(err)
		}
	})
	mux.HandleFunc("GET /sample/{name}", func(w http.ResponseWriter, req *http.Request) {
		s, ok := all[req.PathValue("name")]
		if !ok {
			http.NotFound(w, req)
			return
		}
		query := req.URL.Query()
		s.Frame.Path, s.Frame.Query = req.URL.Path, query
		s.Frame.Lang = r.Language(query.Get("lang"), "", req.Header.Get("Accept-Language"))
		if query.Has("scheme") {
			s.Frame.Style = samples.Style()
			s.Frame.Style.Scheme = strings.ToUpper(query.Get("scheme"))
		}
		if query.Get("version") == "1" {
			s.Frame.Style = branding.Style{Version: 1, Scheme: branding.Light}
		}
		if err := r.Render(w, http.StatusOK, s.Frame, s.Page); err != nil {
			log.Print(err)
		}
	})
	return mux
}
