// Command reload counts the requests that clients lose when the configuration of a server is replaced 40 times under full load:
// of plain Caddy, and of Caddy with the listener wrappers sluice_handover and sluice_handover_tls.
//
// The requests are POSTs, which Go's client does not repeat. In half of the runs each request has a connection of its own, in
// the others connections are kept alive.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	reloads  = 40
	clients  = 8
	pause    = 100 * time.Millisecond // between reloads
	handover = "servers {\n\tlistener_wrappers {\n\tsluice_handover\n\ttls\n\tsluice_handover_tls\n\t}\n\t}"
)

func main() {
	binary := flag.String("sluice", "bin/sluice", "the binary to measure")
	rounds := flag.Int("rounds", 3, "rounds of each kind, by turns")
	flag.Parse()
	dir, err := os.MkdirTemp("", "sluice-reload")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	kinds := []struct{ name, option string }{{"plain Caddy", ""}, {"with sluice_handover", handover}}
	fmt.Printf("%d reloads under the load of %d clients, POSTs over HTTP/1.1\n\n", reloads, clients)
	fmt.Println("| | scheme | connections | answered | lost |\n| --- | --- | --- | --- | --- |")
	for range *rounds {
		for _, scheme := range []string{"http", "https"} {
			for _, kind := range kinds {
				for _, keep := range []bool{false, true} {
					answered, lost, err := measure(*binary, dir, kind.option, scheme, keep)
					if err != nil {
						log.Fatal(err)
					}
					fmt.Printf("| %s | %s | %s | %d | %d |\n", kind.name, scheme, map[bool]string{false: "new", true: "kept alive"}[keep], answered, lost)
				}
			}
		}
	}
}

// measure runs one server under load and returns how many requests were answered and how many were lost.
func measure(binary, dir, option, scheme string, keep bool) (answered, lost int64, err error) {
	site, err := freePort()
	if err != nil {
		return 0, 0, err
	}
	url := scheme + "://" + strings.Replace(site, "127.0.0.1", "localhost", 1)
	admin, err := freePort()
	if err != nil {
		return 0, 0, err
	}
	config := fmt.Sprintf("{\n\tadmin %s\n\tpersist_config off\n\tlocal_certs\n\tskip_install_trust\n\tauto_https disable_redirects\n\t%s\n}\n%s {\n\trespond hello\n}\n",
		admin, option, url)
	file := filepath.Join(dir, "Caddyfile")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		return 0, 0, err
	}
	server := exec.Command(binary, "run", "--config", file, "--adapter", "caddyfile")
	server.Env = append(os.Environ(), "XDG_DATA_HOME="+dir, "XDG_CONFIG_HOME="+dir, "HOME="+dir)
	if err := server.Start(); err != nil {
		return 0, 0, err
	}
	defer func() {
		_ = server.Process.Kill() // fails only when it has ended
		_ = server.Wait()         // says that it was killed
	}()
	roots, err := await(dir, url)
	if err != nil {
		return 0, 0, err
	}

	ctx, stop := context.WithCancel(context.Background())
	var ok, failed atomic.Int64
	var load sync.WaitGroup
	for range clients {
		load.Go(func() {
			transport := &http.Transport{DisableKeepAlives: !keep, TLSClientConfig: &tls.Config{RootCAs: roots}} // without HTTP/2
			defer transport.CloseIdleConnections()
			client := &http.Client{Transport: transport, Timeout: 10 * time.Second}
			for ctx.Err() == nil {
				if post(client, url) != nil {
					failed.Add(1)
				} else {
					ok.Add(1)
				}
			}
		})
	}
	for range reloads {
		// The header must-revalidate makes Caddy load a configuration that it has already.
		if err = reload(admin, config); err != nil {
			break
		}
		time.Sleep(pause)
	}
	stop()
	load.Wait()
	return ok.Load(), failed.Load(), err
}

func reload(admin, config string) error {
	request, err := http.NewRequest(http.MethodPost, "http://"+admin+"/load", strings.NewReader(config))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "text/caddyfile")
	request.Header.Set("Cache-Control", "must-revalidate")
	return finish(http.DefaultClient.Do(request))
}

func post(client *http.Client, url string) error {
	return finish(client.Post(url, "text/plain", strings.NewReader("a body")))
}

// finish reads an answer to its end; a status other than 200 is an error.
func finish(response *http.Response, err error) error {
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", response.Status, body)
	}
	return err
}

// freePort returns a free address of 127.0.0.1.
func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// await waits until the site answers and returns the certificate of Caddy's local authority.
func await(dir, url string) (*x509.CertPool, error) {
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		roots := x509.NewCertPool()
		if root, err := os.ReadFile(filepath.Join(dir, "caddy", "pki", "authorities", "local", "root.crt")); err == nil {
			roots.AppendCertsFromPEM(root)
		}
		err := post(&http.Client{Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: roots}}}, url)
		if err == nil {
			return roots, nil
		}
		if time.Now().After(end) {
			return nil, err
		}
	}
}
