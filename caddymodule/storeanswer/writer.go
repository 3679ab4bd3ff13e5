package storeanswer

import (
	"bytes"
	"io"
	"net/http"
	"strings"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// maxStoreError is how much of an error document of the store is held back to read its code, in bytes.
const maxStoreError = 16 << 10

// storeErrors maps the codes with which a store refuses the signature of sluice_credentials to the setting to check. The
// client's signature has been verified, so these errors are not the client's.
var storeErrors = map[string]string{
	"SignatureDoesNotMatch":        "secret_key, or host if something after sluice_credentials changes the Host header",
	"InvalidAccessKeyId":           "access_key",
	"AuthorizationHeaderMalformed": "region",
	"InvalidToken":                 "access_key",
	"ExpiredToken":                 "access_key",
	"RequestTimeTooSkewed":         "the clocks of this host and of the store",
}

// Writer writes an object store's response to the client. It converts the names of user-defined metadata to lower case,
// as S3 keeps them, writes the address of a completed upload as the client knows it, and holds an error document back until its
// code is known.
type Writer struct {
	*caddyhttp.ResponseWriterWrapper
	before    http.Header     // the headers that were set before the store answered
	completed *locationWriter // of CompleteMultipartUpload; nil for other requests
	status    int             // of an error that is held back; 0 if nothing is
	document  bytes.Buffer
}

// New returns a Writer to w. address is that of the object for the answer of CompleteMultipartUpload, and "" for other requests.
func New(w http.ResponseWriter, address string) *Writer {
	s := &Writer{ResponseWriterWrapper: &caddyhttp.ResponseWriterWrapper{ResponseWriter: w}, before: w.Header().Clone()}
	if address != "" {
		s.completed = &locationWriter{w: w, address: address}
	}
	return s
}

// WriteHeader implements http.ResponseWriter.
func (s *Writer) WriteHeader(status int) {
	lowerMetadata(s.Header())
	switch status {
	case http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden:
		s.status = status
	default:
		if h := s.Header(); status/100 == 2 && h["Content-Type"] == nil && h.Get("Content-Length") != "0" && status != http.StatusNoContent {
			h["Content-Type"] = []string{untyped}
		}
		if s.completed != nil {
			s.Header().Del("Content-Length") // the address may be longer
		}
		s.ResponseWriter.WriteHeader(status)
	}
}

// untyped is S3's type of an object that was stored without one. net/http would look at the bytes, and call a script HTML.
const untyped = "binary/octet-stream"

// lowerMetadata converts the names of x-amz-meta-* headers to lower case. net/http sends names as they are in the map.
func lowerMetadata(h http.Header) {
	for name, values := range h {
		if strings.HasPrefix(name, "X-Amz-Meta-") {
			delete(h, name)
			h[strings.ToLower(name)] = values
		}
	}
}

// Write implements io.Writer.
func (s *Writer) Write(p []byte) (int, error) {
	if s.status == 0 && s.completed != nil {
		return s.completed.Write(p)
	}
	if s.status == 0 {
		return s.ResponseWriter.Write(p)
	}
	s.document.Write(p)
	if s.document.Len() > maxStoreError {
		return len(p), s.Release()
	}
	return len(p), nil
}

// ReadFrom implements io.ReaderFrom. It avoids a copy of a response that is not held back.
func (s *Writer) ReadFrom(r io.Reader) (int64, error) {
	if s.status == 0 && s.completed == nil {
		return s.ResponseWriterWrapper.ReadFrom(r)
	}
	return io.Copy(struct{ io.Writer }{s}, r)
}

// FlushError implements the interface of http.ResponseController. It does not send the data that is held back.
func (s *Writer) FlushError() error {
	if s.status != 0 {
		return nil
	}
	return http.NewResponseController(s.ResponseWriter).Flush()
}

// Release sends the data that was held back.
func (s *Writer) Release() error {
	status := s.status
	if status == 0 && s.completed != nil {
		return s.completed.end()
	}
	if status == 0 {
		return nil
	}
	s.status = 0
	s.ResponseWriter.WriteHeader(status)
	_, err := s.ResponseWriter.Write(s.document.Bytes())
	s.document.Reset()
	return err
}

// Refused returns the code of an error that is not the client's, and the setting to check.
func (s *Writer) Refused() (code, setting string) {
	if s.status == 0 {
		return "", ""
	}
	_, rest, _ := bytes.Cut(s.document.Bytes(), []byte("<Code>"))
	text, _, _ := bytes.Cut(rest, []byte("</Code>"))
	code = string(text)
	return code, storeErrors[code]
}

// Drop discards the store's response, so that another can be written.
func (s *Writer) Drop() {
	s.status = 0
	h := s.Header()
	clear(h)
	for name, values := range s.before {
		h[name] = values
	}
}
