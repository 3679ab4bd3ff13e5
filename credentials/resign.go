package credentials

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/sluicegate/sluice/credentials/sigv4"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/seal"
)

// maxHashedBody is how much of a body is held in memory where a service other than S3 has to sign its hash and the
// client has not said it: 1 MiB.
const maxHashedBody = 1 << 20

// ResignOptions are the store's own credentials.
type ResignOptions struct {
	Service      string // of the scope, such as "s3"
	Region       string
	AccessKeyID  string
	SecretKey    seal.Secret
	SessionToken seal.Secret      // of temporary credentials; the zero value for lasting ones
	Now          func() time.Time // nil: time.Now
}

// Resign is the kind "sigv4": it takes the client's signature off and signs for the store behind. It is for requests whose
// body is plain (Outgoing.Body). The client's payload hash is signed again, so that the store checks the body too; a
// checksum that came behind the body goes on behind it.
type Resign struct {
	o    ResignOptions
	keys *sigv4.KeyCache
}

// NewResign checks the options.
func NewResign(o ResignOptions) (*Resign, error) {
	if o.Service == "" || o.Region == "" || o.AccessKeyID == "" || o.SecretKey.IsZero() {
		return nil, errors.New("credentials: signing needs a service, a region, an access key and its secret")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Resign{o: o, keys: sigv4.NewKeyCache(4)}, nil
}

// Name is "sigv4".
func (k *Resign) Name() string { return "sigv4" }

// Present signs the request.
func (k *Resign) Present(_ context.Context, out *Outgoing) error {
	protect(out.Header)
	out.RawQuery = StripSignature(out.Header, out.RawQuery)
	hash, err := k.payload(out)
	if err != nil {
		return err
	}
	request := &sigv4.Request{Method: out.Method, Host: out.Host, RawPath: out.RawPath, RawQuery: out.RawQuery,
		Header: out.Header, ContentLength: out.ContentLength}
	err = sigv4.Sign(request, sigv4.Credentials{AccessKeyID: k.o.AccessKeyID, SecretAccessKey: k.o.SecretKey.Reveal(),
		SessionToken: k.o.SessionToken.Reveal()}, sigv4.SignOptions{Time: k.o.Now(), Region: k.o.Region,
		Service: k.o.Service, PayloadHash: hash, Keys: k.keys})
	if err != nil {
		return fmt.Errorf("credentials: signing for the upstream: %w", err)
	}
	return nil
}

// payload says what is signed for the body, and wraps the body that has a checksum behind it.
func (k *Resign) payload(out *Outgoing) (string, error) {
	switch s3 := k.o.Service == "s3"; {
	case s3 && out.Trailer != "":
		return sigv4.StreamingUnsignedTrailer, wrapTrailer(out)
	case out.ContentLength == 0 || out.Body == nil:
		return sigv4.HashPayload(nil), nil
	case out.PayloadHash != "":
		return out.PayloadHash, nil
	case !s3:
		return k.hashBody(out)
	}
	return sigv4.UnsignedPayload, nil
}

// hashBody is for services that sign the body's hash and nothing else.
func (k *Resign) hashBody(out *Outgoing) (string, error) {
	body, err := io.ReadAll(io.LimitReader(out.Body, maxHashedBody+1))
	if err != nil {
		return "", fault.Wrap(fault.InvalidParameter, err, "The body could not be read.")
	}
	if len(body) > maxHashedBody {
		return "", fault.New(fault.LimitExceeded, "The body is too large to be signed for %s.", k.o.Service)
	}
	source := out.Body
	out.Body = struct {
		io.Reader
		io.Closer
	}{bytes.NewReader(body), source}
	out.ContentLength = int64(len(body))
	return sigv4.HashPayload(body), nil
}

// signatureHeaders are the client's own, in folded spelling. Date goes too: X-Amz-Date takes its place.
var signatureHeaders = map[string]bool{"authorization": true, "x-amz-date": true, "x-amz-security-token": true,
	"x-amz-content-sha256": true, "x-amz-decoded-content-length": true, "x-amz-trailer": true, "date": true}

// StripSignature removes an AWS signature and its session token from header and query, and every header that is an x-amz
// one in another spelling: it was in nobody's signature, and an upstream could read it for one. It returns the query.
func StripSignature(header http.Header, rawQuery string) string {
	for key := range header {
		folded := fold(key)
		if signatureHeaders[folded] || strings.HasPrefix(folded, "x-amz-") && key != http.CanonicalHeaderKey(folded) {
			delete(header, key)
		}
	}
	return stripPresign(rawQuery)
}

// stripPresign removes the parameters of a presigned request and keeps the others as they are, byte for byte.
func stripPresign(raw string) string {
	if !strings.Contains(strings.ToLower(raw), "x-amz-") {
		return raw
	}
	kept := make([]string, 0, 8)
	for piece := range strings.SplitSeq(raw, "&") {
		name, _, _ := strings.Cut(piece, "=")
		switch strings.ToLower(name) {
		case "x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-expires", "x-amz-signedheaders",
			"x-amz-signature", "x-amz-security-token", "x-amz-content-sha256":
		default:
			kept = append(kept, piece)
		}
	}
	return strings.Join(kept, "&")
}
