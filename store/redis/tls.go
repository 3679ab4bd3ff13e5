package redis

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
)

// TLSFiles are the settings of TLS, some of them in files. The zero TLSFiles checks servers against the system's authorities, and shows no
// certificate.
type TLSFiles struct {
	CA          string // path of the certificates in PEM of the servers' authorities; "" = the system's
	Certificate string // path of this process's certificate in PEM, with those between it and its authority; "" = none
	Key         string // path of its key in PEM; "" = none
	ServerName  string // the name that servers' certificates must have; "" = the host of each address
}

// Config reads the files.
func (f TLSFiles) Config() (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: f.ServerName}
	if f.CA != "" {
		raw, err := os.ReadFile(f.CA)
		if err != nil {
			return nil, err
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(raw) {
			return nil, fmt.Errorf("%s contains no PEM certificate", f.CA)
		}
	}
	if f.Certificate != "" {
		own, err := tls.LoadX509KeyPair(f.Certificate, f.Key)
		if err != nil {
			return nil, fmt.Errorf("certificate %s and key %s: %w", f.Certificate, f.Key, err)
		}
		c.Certificates = []tls.Certificate{own}
	}
	return c, nil
}

// dialTLS connects to a server or a Sentinel with the settings of this moment.
func (o *Options) dialTLS(ctx context.Context, network, address string) (net.Conn, error) {
	settings, err := o.TLS.Config()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	return (&tls.Dialer{Config: settings}).DialContext(ctx, network, address)
}
