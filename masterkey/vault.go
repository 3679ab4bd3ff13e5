package masterkey

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/sluicegate/sluice/seal"
	"github.com/sluicegate/sluice/store"
)

// VaultOptions are what NewVault needs. Store, Address and Key are required, and Token or TokenFile.
type VaultOptions struct {
	Store     store.Store   // keeps the wrapped keys, as a setting
	Address   string        // URL of the server
	Mount     string        // path of the transit engine; "" = transit
	Key       string        // name of the key in it
	Namespace string        // "" = none
	Token     seal.Secret   // for tokens of the environment
	TokenFile string        // is read for each call, so that an agent may renew the token in it
	CA        string        // path of the certificates in PEM of the server's authority; "" = the system's
	Timeout   time.Duration // see Wrapped
	Trust     []string      // see Wrapped
}

// NewVault returns the source of keys that the transit engine of Vault, or of OpenBao, wraps (datakey, decrypt).
//
// Source: Vault's HTTP API, "Transit secrets engine": Generate data key, Decrypt data.
func NewVault(o VaultOptions) *Wrapped {
	if o.Mount == "" {
		o.Mount = "transit"
	}
	return &Wrapped{Store: o.Store, Timeout: o.Timeout, Trust: o.Trust, name: "Vault key " + o.Key, by: &vaultWrapper{o: o}, opened: map[string]seal.Key{}}
}

type vaultWrapper struct {
	o      VaultOptions
	client *http.Client
}

func (*vaultWrapper) service() string { return "vault" }

func (w *vaultWrapper) make(ctx context.Context) ([]byte, string, error) {
	var out struct{ Plaintext, Ciphertext string }
	if err := w.call(ctx, "datakey/plaintext", map[string]any{"bits": 256}, &out); err != nil {
		return nil, "", err
	}
	raw, err := base64.StdEncoding.DecodeString(out.Plaintext)
	if err != nil || out.Ciphertext == "" {
		return nil, "", errors.New("the answer has no data key")
	}
	return raw, out.Ciphertext, nil
}

func (w *vaultWrapper) open(ctx context.Context, text string) ([]byte, error) {
	var out struct{ Plaintext string }
	if err := w.call(ctx, "decrypt", map[string]any{"ciphertext": text}, &out); err != nil {
		return nil, err
	}
	raw, err := base64.StdEncoding.DecodeString(out.Plaintext)
	if err != nil {
		return nil, errors.New("the answer has no key")
	}
	return raw, nil
}

// Statuses of nodes that are not active: Vault API, "/sys/health".
const (
	drSecondary        = 472
	performanceStandby = 473
)

// errLater is an error that may be gone in a moment.
type errLater struct{ error }

// call sends a request until it is answered, or ctx is done. Answers that say no are not asked for again.
func (w *vaultWrapper) call(ctx context.Context, operation string, in map[string]any, out any) error {
	pause := 100 * time.Millisecond
	var before error // why it is asked again
	for {
		err := w.once(ctx, operation, in, out)
		if ctx.Err() != nil && before != nil && err != nil {
			return before // says more than that the time is up
		}
		var later errLater
		if err == nil || !errors.As(err, &later) {
			return err
		}
		before = later.error
		select {
		case <-ctx.Done():
			return later.error
		case <-time.After(pause):
		}
		pause = min(2*pause, 5*time.Second)
	}
}

func (w *vaultWrapper) once(ctx context.Context, operation string, in map[string]any, out any) error {
	client, err := w.http()
	if err != nil {
		return err
	}
	token, err := w.token()
	if err != nil {
		return err
	}
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	target := strings.TrimRight(w.o.Address, "/") + "/v1/" + strings.Trim(w.o.Mount, "/") + "/" + operation + "/" + url.PathEscape(w.o.Key)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("X-Vault-Token", token.Reveal())
	request.Header.Set("X-Vault-Request", "true")
	request.Header.Set("Content-Type", "application/json")
	if w.o.Namespace != "" {
		request.Header.Set("X-Vault-Namespace", w.o.Namespace)
	}
	answer, err := client.Do(request)
	if err != nil {
		return errLater{err}
	}
	defer func() { _ = answer.Body.Close() }() // only read
	raw, err := readAnswer(answer.Body)
	if err != nil {
		return errLater{err}
	}
	var parsed struct {
		Data   json.RawMessage
		Errors []string
	}
	if answer.StatusCode != http.StatusOK {
		_ = json.Unmarshal(raw, &parsed) // an error page of a proxy says nothing
		err := fmt.Errorf("%s answered %s: %s", w.o.Address, answer.Status, strings.Join(parsed.Errors, "; "))
		switch code := answer.StatusCode; {
		case code == http.StatusTemporaryRedirect:
			return errLater{fmt.Errorf("%w: it is a standby that forwards no requests; let address in master_key vault lead to the active node", err)}
		case code >= 500, code == http.StatusTooManyRequests, code == drSecondary, code == performanceStandby:
			return errLater{err} // sealed, standby, or busy
		}
		return err
	}
	if err := json.Unmarshal(raw, &parsed); err != nil {
		return fmt.Errorf("%s: its answer is not JSON", w.o.Address)
	}
	if err := json.Unmarshal(parsed.Data, out); err != nil {
		return fmt.Errorf("%s: its response has an unexpected form", w.o.Address)
	}
	return nil
}

// token reads the token.
func (w *vaultWrapper) token() (seal.Secret, error) {
	if w.o.TokenFile == "" {
		if w.o.Token.IsZero() {
			return seal.Secret{}, errors.New("there is no token; set token_file in master_key vault, or VAULT_TOKEN")
		}
		return w.o.Token, nil
	}
	raw, err := os.ReadFile(w.o.TokenFile)
	if err != nil {
		return seal.Secret{}, err
	}
	return seal.NewSecret(strings.TrimSpace(string(raw))), nil
}

// http returns the client. It follows no redirect, which would take the token elsewhere.
func (w *vaultWrapper) http() (*http.Client, error) {
	if w.client != nil {
		return w.client, nil
	}
	settings := &tls.Config{MinVersion: tls.VersionTLS12}
	if w.o.CA != "" {
		raw, err := os.ReadFile(w.o.CA)
		if err != nil {
			return nil, err
		}
		settings.RootCAs = x509.NewCertPool()
		if !settings.RootCAs.AppendCertsFromPEM(raw) {
			return nil, fmt.Errorf("%s contains no PEM certificate", w.o.CA)
		}
	}
	w.client = &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{TLSClientConfig: settings, Proxy: http.ProxyFromEnvironment},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return w.client, nil
}
