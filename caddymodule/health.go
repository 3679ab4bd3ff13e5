package caddymodule

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/caddyserver/caddy/v2"
	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/caddyserver/caddy/v2/modules/caddytls"
	"github.com/spf13/cobra"

	"github.com/sluicegate/sluice/caddymodule/sitenames"
	"github.com/sluicegate/sluice/health"
	"github.com/sluicegate/sluice/node"
)

func init() {
	register(caddycmd.Command{
		Name:  "healthcheck",
		Usage: "[--exclude <check>]... [--address <admin address> | --url <url>]",
		Short: "Asks a running Sluice whether it is ready",
		Long: `Asks the admin endpoint of the running process for its checks and prints a line for each, with details. The exit status is 0 if
the process is ready. Use it in container images, which have no curl, or by hand. "sluice dev" has no admin endpoint: --url asks the server
itself, as load balancers do.`,
		CobraFunc: func(cmd *cobra.Command) {
			cmd.Args = cobra.NoArgs
			cmd.Flags().StringArray("exclude", nil, "a check to ignore")
			cmd.Flags().String("address", "", "the admin endpoint (default: Caddy's)")
			cmd.Flags().String("url", "", "the server to ask instead, such as http://localhost:9000")
			cmd.MarkFlagsMutuallyExclusive("address", "url")
			cmd.RunE = healthcheck
		},
	})
}

func healthcheck(cmd *cobra.Command, _ []string) error {
	exclude, err := cmd.Flags().GetStringArray("exclude")
	if err != nil {
		return err
	}
	address, err := cmd.Flags().GetString("address")
	if err != nil {
		return err
	}
	server, err := cmd.Flags().GetString("url")
	if err != nil {
		return err
	}
	if server != "" {
		return askServer(cmd, server, url.Values{"verbose": {""}, "exclude": exclude})
	}
	if address, err = caddycmd.DetermineAdminAPIAddress(address, nil, "", ""); err != nil {
		return err
	}
	response, err := caddycmd.AdminAPIRequest(address, http.MethodGet, readyPath+"?"+url.Values{"exclude": exclude}.Encode(), nil, nil)
	if err != nil {
		return fmt.Errorf("asking the admin endpoint: %w", err) // with the lines, if the process is not ready
	}
	defer response.Body.Close()
	_, err = io.Copy(cmd.OutOrStdout(), response.Body)
	return err
}

// askServer asks a server at its public URL.
func askServer(cmd *cobra.Command, server string, query url.Values) error {
	address, err := url.Parse(server)
	if err != nil {
		return err
	}
	address = address.JoinPath("readyz")
	address.RawQuery = query.Encode()
	ctx, cancel := context.WithTimeout(cmd.Context(), 10*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if _, err = io.Copy(cmd.OutOrStdout(), io.LimitReader(response.Body, 1<<20)); err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", address, response.Status)
	}
	return err
}

const readyPath = "/sluice/readyz"

// ready answers with a line for each check, with details, and 503 if the process is not ready.
func (admin) ready(w http.ResponseWriter, r *http.Request) error {
	app, err := caddy.ActiveContext().AppIfConfigured(appName)
	if err != nil {
		return caddy.APIError{HTTPStatus: http.StatusServiceUnavailable, Err: fmt.Errorf("the sluice app is not running: %w", err)}
	}
	report := health.Report{Name: "readyz", Results: app.(*App).health(r.Context()), Excluded: r.URL.Query()["exclude"]}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(node.StatusOf(report))
	_, err = io.WriteString(w, report.Text(true))
	return err
}

// health returns the outcome of the checks. An app without services has only those of the host.
func (a *App) health(ctx context.Context) []health.Result {
	select {
	case <-a.started:
	default:
		return []health.Result{{Name: "start", Status: health.Status{Level: health.Failed, Word: "starting"}}}
	}
	if a.node == nil {
		return []health.Result{{Name: "start", Status: health.Status{Level: health.Failed, Word: "failed", Detail: "the start failed; the log says why"}}}
	}
	if results := a.node.Health(ctx); results != nil {
		return results
	}
	return []health.Result{{Name: "certificates", Status: a.certificates(ctx)}}
}

// endConnection has the client's connection end with this answer while the process shuts down, so that the client sends nothing more
// on it that would then be lost.
func endConnection(w http.ResponseWriter, r *http.Request) {
	if caddy.Exiting() && r.Header["Upgrade"] == nil {
		w.Header().Set("Connection", "close")
	}
}

// certificates looks at the certificates of the names that the HTTP servers serve with TLS. Caddy renews them when a third of their
// time is left. A certificate that is missing or over does not make a process not ready: clients see it, and the other processes have
// the same.
func (a *App) certificates(context.Context) health.Status {
	server, err := a.http()
	if err != nil || server == nil {
		return health.Status{}
	}
	now := time.Now()
	for _, name := range tlsNames(server.(*caddyhttp.App)) {
		var latest, from time.Time
		for _, c := range caddytls.AllMatchingCertificates(name) {
			if c.Leaf != nil && c.Leaf.NotAfter.After(latest) {
				from, latest = c.Leaf.NotBefore, c.Leaf.NotAfter
			}
		}
		switch until := latest.UTC().Format(time.RFC3339); {
		case latest.IsZero():
			return health.Status{Level: health.Degraded, Word: "missing", Detail: "no certificate for " + name + "; the log of tls.obtain says why"}
		case now.After(latest):
			return health.Status{Level: health.Degraded, Word: "expired", Detail: "the certificate of " + name + " was valid until " + until}
		case latest.Sub(now) < latest.Sub(from)/6:
			return health.Status{Level: health.Degraded, Word: "expiring", Detail: "the certificate of " + name + " is valid until " + until + " and was not renewed; the log of tls.renew says why"}
		}
	}
	return health.Status{}
}

// tlsNames returns the host names of the sites of servers with TLS, whose certificates may come on demand.
func tlsNames(app *caddyhttp.App) []string {
	return sitenames.Of(app, func(server *caddyhttp.Server) bool { return len(server.TLSConnPolicies) > 0 })
}

// siteNames returns a function that reports whether a host is the name of a site, or of a matcher within one. The HTTP app is provisioned after this one.
func (a *App) siteNames() func(host string) bool {
	names := sync.OnceValue(func() []string {
		server, err := a.http()
		if err != nil || server == nil {
			return nil
		}
		return sitenames.All(server.(*caddyhttp.App))
	})
	return func(host string) bool {
		_, found := slices.BinarySearch(names(), host)
		return found
	}
}
