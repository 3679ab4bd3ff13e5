package redis

import (
	"context"
	"log/slog"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/authz/revoke"
	"github.com/sluicegate/sluice/seal"
	"github.com/sluicegate/sluice/store/certtest"
)

// startTLS starts a server that asks clients for a certificate, and returns the settings with which a client reaches it.
func startTLS(t *testing.T) (*server, *TLSFiles) {
	t.Helper()
	s := newServer(t)
	s.ca = certtest.New(t)
	s.start()
	certificate, key := s.ca.Issue("sluice")
	return s, &TLSFiles{CA: s.ca.File, Certificate: certificate, Key: key}
}

func TestTLS(t *testing.T) {
	t.Parallel()
	s, files := startTLS(t)
	o := at(s)
	o.TLS = files
	a, b := startProcess(t, o), startProcess(t, o)
	a.revoke("in secret")
	b.learns("in secret")
	there(t, startShared(t, o))

	named := *files
	named.ServerName = "redis.example"
	o.TLS = &named
	startProcess(t, o).learns("in secret")

	stranger := certtest.New(t)
	certificate, key := stranger.Issue("stranger")
	// The server may close the connection before its alert is read.
	closed := regexp.MustCompile("remote error: tls: (certificate required|unknown certificate authority)|reset by peer|broken pipe|EOF")
	for what, c := range map[string]struct {
		files TLSFiles
		says  string
	}{
		"the system's authorities": {TLSFiles{Certificate: files.Certificate, Key: files.Key}, "certificate signed by unknown authority"},
		"another authority":        {TLSFiles{CA: stranger.File, Certificate: files.Certificate, Key: files.Key}, "certificate signed by unknown authority"},
		"another name":             {TLSFiles{CA: files.CA, Certificate: files.Certificate, Key: files.Key, ServerName: "other.example"}, "not other.example"},
		"no certificate":           {TLSFiles{CA: files.CA}, ""},
		"a stranger's certificate": {TLSFiles{CA: files.CA, Certificate: certificate, Key: key}, ""},
	} {
		o, log := at(s), &logged{}
		o.TLS = &c.files
		p := newProcess(t, o)
		p.Start()
		o.Logger = slog.New(slog.NewTextHandler(log, nil))
		shared := startShared(t, o)
		told := func(text string) bool {
			return c.says != "" && strings.Contains(text, c.says) || c.says == "" && closed.MatchString(text)
		}
		eventually(t, what+": the reason in both logs", func() bool { return told(p.log.String()) && told(log.String()) })
		if p.State() != StateLost || shared.Away() == 0 {
			t.Errorf("%s: the state is %s, away for %s", what, p.State(), shared.Away())
		}
	}
}

// A process takes renewed certificates without a restart.
func TestRenewedCertificatesServeWithoutARestart(t *testing.T) {
	t.Parallel()
	s, files := startTLS(t)
	o := briefly(s)
	o.TLS = files
	p, shared := startProcess(t, o), startShared(t, o)
	there(t, shared)

	s.kill()
	next := certtest.New(t)
	certificate, key := next.Issue("sluice")
	for from, to := range map[string]string{next.File: files.CA, certificate: files.Certificate, key: files.Key} {
		text, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s.ca = next
	p.reaches(StateLost)
	s.start()
	p.reaches(StateOK)
	there(t, shared)
}

// Mistakes in files stop the start.
func TestFilesOfTLSAreReadAtTheStart(t *testing.T) {
	t.Parallel()
	ca := certtest.New(t)
	certificate, _ := ca.Issue("sluice")
	_, other := ca.Issue("other")
	for says, files := range map[string]TLSFiles{
		"no such file":                    {CA: ca.File + ".missing"},
		other + " contains no PEM certif": {CA: other},
		"private key does not match":      {Certificate: certificate, Key: other},
	} {
		_, err := New(Options{Addresses: []string{"127.0.0.1:1"}, TLS: &files, Now: time.Now,
			Apply: func(...revoke.Record) error { return nil }, Known: func(context.Context) ([]revoke.Record, error) { return nil, nil }})
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, not %s", err, says)
		}
	}
}

// Sentinels have passwords and users of their own.
func TestSentinelsWithAPassword(t *testing.T) {
	t.Parallel()
	s, files := startTLS(t)
	sentinel := startSentinel(t, s, "--requirepass", "sentinel's own",
		"--user", "sluice", "on", ">correct horse", "resetchannels", "&+switch-master", "&+replica-reconf-done",
		"-@all", "+sentinel|get-master-addr-by-name", "+sentinel|sentinels", "+subscribe", "+ping")
	o := Options{Addresses: []string{sentinel.address()}, Master: "main", TLS: files}
	for what, c := range map[string]struct{ user, password, says string }{
		"the default user's password": {"", "sentinel's own", ""},
		"a user's":                    {"sluice", "correct horse", ""},
		"none":                        {"", "", "NOAUTH"},
		"a wrong one":                 {"sluice", "battery staple", "WRONGPASS"},
	} {
		t.Run(what, func(t *testing.T) {
			o, log := o, &logged{}
			o.SentinelUsername, o.SentinelPassword = c.user, seal.NewSecret(c.password)
			if c.says == "" {
				a, b := startProcess(t, o), startProcess(t, o)
				a.revoke(what)
				b.learns(what)
				there(t, startShared(t, o))
				return
			}
			p := newProcess(t, o)
			p.Start()
			o.Logger = slog.New(slog.NewTextHandler(log, nil))
			startShared(t, o)
			eventually(t, "the reason in both logs", func() bool {
				return strings.Contains(p.log.String(), c.says) && strings.Contains(log.String(), c.says)
			})
			if text := p.log.String() + log.String(); !strings.Contains(text, "sentinel_password") || c.password != "" && strings.Contains(text, c.password) {
				t.Errorf("the logs do not say what to do, or have the password:\n%s", text)
			}
		})
	}
}
