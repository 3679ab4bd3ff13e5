package dev

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/sluicegate/sluice/config"
	"github.com/sluicegate/sluice/node"
)

// Options are the options of Start. All have defaults.
type Options struct {
	// Data is the data directory, which stays. "" is a new one that Close deletes. One with data of production is refused.
	Data string
	// Host is the name or address to listen at, and Port the port; 0 is any. Default: localhost, which is 127.0.0.1 and ::1.
	Host string
	Port int
	// PublicURL is the URL at which clients reach the server. Default: http://localhost and the port.
	PublicURL string
	// Seed is what there is at the start. nil is the default pool without users.
	Seed *Seed
	// Issuer is the form of issuers: public or aws. Default public.
	Issuer string
	// Origins are the origins of browsers that may call the server, in addition to those of this machine.
	Origins []string

	Now func() time.Time // nil = time.Now
	Log *slog.Logger     // nil = silent
}

// Server is a development server. Its methods may be called from any goroutine.
type Server struct {
	URL     string // without a slash at the end
	DataDir string
	Mail    *Mailbox
	// Seed is what was declared, with the defaults.
	Seed Seed

	node      *node.Node
	http      *http.Server
	issuer    string // of the default pool
	temporary bool
	serving   sync.WaitGroup
	failed    chan error
}

// Start starts a development server. It serves when Start returns.
func Start(ctx context.Context, o Options) (*Server, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Data == "" {
		go func() { _, _ = temporaryKey() }() // takes a tenth of a second, while the store opens; the one who needs the key gets the error
	}
	setDefault(&o.Host, "localhost")
	listeners, port, err := listen(o)
	if err != nil {
		return nil, err
	}
	setDefault(&o.PublicURL, fmt.Sprintf("http://localhost:%d", port))
	s := &Server{URL: strings.TrimSuffix(o.PublicURL, "/"), DataDir: o.Data, failed: make(chan error, len(listeners))}
	if err := s.open(ctx, o); err != nil {
		for _, l := range listeners {
			err = errors.Join(err, l.Close())
		}
		return nil, errors.Join(err, s.Close())
	}
	for _, l := range listeners {
		s.serving.Go(func() {
			if err := s.http.Serve(l); !errors.Is(err, http.ErrServerClosed) {
				s.failed <- err
			}
		})
	}
	return s, nil
}

// Failed receives the error of a listener that broke while the server ran.
func (s *Server) Failed() <-chan error { return s.failed }

// listen opens the listeners. localhost is both of its addresses, since some clients try only the first that they find.
func listen(o Options) ([]net.Listener, int, error) {
	if o.Host != "localhost" {
		l, err := net.Listen("tcp", net.JoinHostPort(o.Host, fmt.Sprint(o.Port)))
		if err != nil {
			return nil, 0, err
		}
		return []net.Listener{l}, portOf(l), nil
	}
	for range 20 {
		first, err := net.Listen("tcp4", fmt.Sprintf("127.0.0.1:%d", o.Port))
		if err != nil {
			return nil, 0, fmt.Errorf("%w; another program has the port: name another with --port, or leave it out", err)
		}
		second, err := net.Listen("tcp6", fmt.Sprintf("[::1]:%d", portOf(first)))
		switch {
		case err == nil:
			return []net.Listener{first, second}, portOf(first), nil
		case !inUse(err): // this machine has no IPv6
			return []net.Listener{first}, portOf(first), nil
		}
		if closed := first.Close(); o.Port != 0 || closed != nil {
			return nil, 0, errors.Join(fmt.Errorf("%w; another program has the port: name another with --port, or leave it out", err), closed)
		}
	}
	return nil, 0, errors.New("no port is free on 127.0.0.1 and ::1; name one with --port")
}

func portOf(l net.Listener) int { return l.Addr().(*net.TCPAddr).Port }

// open opens the node and makes the handler.
func (s *Server) open(ctx context.Context, o Options) error {
	if err := s.claimData(); err != nil {
		return err
	}
	s.Mail = newMailbox(filepath.Join(s.DataDir, node.OutboxFile), func(ctx context.Context) (int, error) { return s.node.WaitingMessages(ctx) })
	files, err := os.MkdirTemp("", "sluice-dev-seed")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(files) }() // the node has read them
	if o.Seed != nil {
		s.Seed = *o.Seed
	}
	s.Seed = s.Seed.withDefaults(s.URL)
	app, err := s.Seed.declare(files)
	if err != nil {
		return err
	}
	app.DataDir, app.PublicURL, app.Issuer = s.DataDir, s.URL, o.Issuer
	app.RateLimit = &config.RateLimit{Off: true}
	s.node, err = node.Open(ctx, node.Options{Config: app, APIs: true, RootKey: RootKey, Now: o.Now, Development: true, NewKey: s.keys(), NewIdentityKey: s.keys(), Log: o.Log,
		PasswordMemory: s.passwordMemory(), Env: func(string) string { return "" }})
	if err != nil {
		inFiles := regexp.MustCompile(regexp.QuoteMeta(files) + `[^:]*`)
		return s.Seed.locate(errors.New(inFiles.ReplaceAllString(strings.ReplaceAll(err.Error(), "creating what the configuration declares: ", ""), s.Seed.path)))
	}
	handler, err := s.handler(o)
	if err != nil {
		return err
	}
	s.http = &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second, ErrorLog: slog.NewLogLogger(o.Log.Handler(), slog.LevelDebug)}
	app.Defaults(func(string) string { return "" })
	s.issuer = app.IssuerURL(s.Seed.Pool.ID)
	return nil
}

// claimData makes the data directory. One with production data is left alone: everyone knows the administrator's key here.
func (s *Server) claimData() (err error) {
	if s.DataDir == "" {
		s.temporary = true
		s.DataDir, err = os.MkdirTemp("", "sluice-dev")
		return err
	}
	if s.DataDir, err = filepath.Abs(s.DataDir); err != nil {
		return err
	}
	if err := os.MkdirAll(s.DataDir, 0o700); err != nil {
		return err
	}
	mark := filepath.Join(s.DataDir, node.DevelopmentFile)
	if _, err := os.Stat(mark); err == nil {
		return nil
	}
	there, err := os.ReadDir(s.DataDir)
	if err != nil {
		return err
	}
	if len(there) > 0 {
		return fmt.Errorf("%s has files that are not of `sluice dev`; name a new folder, because the administrator's key of `sluice dev` is publicly known", s.DataDir)
	}
	return os.WriteFile(mark, []byte("This is the data of `sluice dev`. Its administrator's key and passwords are publicly known.\n"), 0o600)
}

// Close ends the server and deletes temporary data.
func (s *Server) Close() error {
	var problems []error
	if s.Mail != nil {
		s.Mail.close()
	}
	if s.http != nil {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := s.http.Shutdown(ctx); err != nil {
			problems = append(problems, s.http.Close())
		}
		s.serving.Wait()
	}
	if s.node != nil {
		problems = append(problems, s.node.Close())
	}
	if s.temporary {
		problems = append(problems, os.RemoveAll(s.DataDir))
	}
	return errors.Join(problems...)
}
