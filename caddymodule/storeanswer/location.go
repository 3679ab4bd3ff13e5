package storeanswer

import (
	"bytes"
	"encoding/xml"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/sluicegate/sluice/authz/s3key"
)

// locationWriter writes the XML document that answers CompleteMultipartUpload. The store's Location is the store's address, which
// clients neither know nor reach; it is replaced by the client's.
type locationWriter struct {
	w       io.Writer
	address string // of the object, for the client
	held    []byte // the beginning of a tag, perhaps
	inside  bool
	done    bool
}

const locationTag, locationEnd = "<Location>", "</Location>"

// Write implements io.Writer. The document is passed on while it arrives: stores send spaces as long as they work.
func (l *locationWriter) Write(p []byte) (int, error) {
	rest := append(l.held, p...)
	l.held = nil
	var out []byte
	if !l.inside && !l.done {
		before, after, found := bytes.Cut(rest, []byte(locationTag))
		if !found {
			keep := beginning(rest, locationTag)
			l.held = bytes.Clone(rest[len(rest)-keep:])
			return len(p), l.write(rest[:len(rest)-keep])
		}
		out = append(append(out, before...), locationTag...)
		l.inside, rest = true, after
	}
	if l.inside {
		_, after, found := bytes.Cut(rest, []byte(locationEnd))
		if !found {
			l.held = bytes.Clone(rest[len(rest)-beginning(rest, locationEnd):])
			return len(p), l.write(out)
		}
		var text bytes.Buffer
		if err := xml.EscapeText(&text, []byte(l.address)); err != nil {
			return 0, err
		}
		out = append(append(out, text.Bytes()...), locationEnd...)
		l.inside, l.done, rest = false, true, after
	}
	return len(p), l.write(append(out, rest...))
}

// beginning returns how many bytes at the end of text are the beginning of tag.
func beginning(text []byte, tag string) int {
	n := min(len(text), len(tag)-1)
	for !bytes.HasSuffix(text, []byte(tag[:n])) {
		n--
	}
	return n
}

func (l *locationWriter) write(p []byte) error {
	if len(p) == 0 {
		return nil
	}
	_, err := l.w.Write(p)
	return err
}

// end writes what was held back.
func (l *locationWriter) end() error {
	held := l.held
	l.held = nil
	if l.inside {
		return nil
	}
	return l.write(held)
}

// AddressOf returns the address of an object as S3 writes it in Location, with %2F in the key. r is a request that has passed a
// gate, passed is the path that was decided on (/bucket/key), and secure says that the client uses HTTPS.
func AddressOf(r *http.Request, passed string, secure bool) string {
	original, ok := r.Context().Value(caddyhttp.OriginalRequestCtxKey).(http.Request)
	bucket, key, _ := strings.Cut(strings.TrimPrefix(passed, "/"), "/")
	if !ok || original.URL == nil || !strings.HasSuffix(original.URL.Path, key) {
		return passed
	}
	scheme, host, prefix := "http", r.Host, strings.TrimSuffix(original.URL.Path, key)
	if secure {
		scheme = "https"
	}
	if !strings.HasSuffix(prefix, "/"+bucket+"/") {
		host = bucket + "." + host
	}
	return scheme + "://" + host + (&url.URL{Path: prefix}).EscapedPath() + s3key.EncodeParam(key)
}
