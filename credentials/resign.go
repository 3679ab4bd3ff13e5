package credentials

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/sluicegate/sluice/credentials/sigv4"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/seal"
)

// maxHashedBody is the largest body that Resign reads into memory to compute its hash: 1 MiB. Services other than S3
// need the hash if the client did not send it.
const maxHashedBody = 1 << 20

// ResignOptions are the credentials for the upstream and their scope. All but SessionToken and Now are required.
type ResignOptions struct {
	Service      string // of the credential scope, such as "s3"
	Region       string
	AccessKeyID  string
	SecretKey    seal.Secret
	SessionToken seal.Secret      // of temporary credentials; zero for long-term ones
	Now          func() time.Time // nil means time.Now
}

// Resign is the kind "sigv4": it removes the client's signature and signs the request with its own credentials. It signs
// the client's payload hash again, so that the store checks the body too. A checksum that followed the client's body
// follows the new body. It is safe for concurrent use.
type Resign struct {
	o    ResignOptions
	keys *sigv4.KeyCache
}

// NewResign returns a Resign, or an error if a required option is missing.
func NewResign(o ResignOptions) (*Resign, error) {
	if o.Service == "" || o.Region == "" || o.AccessKeyID == "" || o.SecretKey.IsZero() {
		return nil, errors.New("credentials: signing needs a service, a region, an access key and its secret")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Resign{o: o, keys: sigv4.NewKeyCache(4)}, nil
}

// Name returns "sigv4".
func (k *Resign) Name() string { return "sigv4" }

// Present signs the request. Errors: InvalidParameter for an unreadable body or an unknown trailer, LimitExceeded for a
// body that is too large to hash, and internal errors of signing.
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

// payload returns the payload hash to sign. If a checksum followed the client's body, it replaces the body by one in
// chunks.
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

// hashBody reads the body into memory and returns its hash, for services other than S3.
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

// signatureHeaders are the headers of the client's signature, as fold returns them. Date is one because X-Amz-Date
// replaces it, and CloudFront's because no signature need cover it.
var signatureHeaders = map[string]bool{"authorization": true, "x-amz-date": true, "x-amz-security-token": true,
	"x-amz-content-sha256": true, "x-amz-decoded-content-length": true, "x-amz-trailer": true, "date": true,
	strings.ToLower(sigv4.CloudFrontID): true}

// StripSignature removes an AWS signature and its session token from header, and returns the query without them. It also
// removes x-amz-* headers in other spellings: the client's signature did not cover them, and an upstream might accept
// them. The names of metadata are the client's own, and may have underscores.
func StripSignature(header http.Header, rawQuery string) string {
	for key := range header {
		folded := fold(key)
		if signatureHeaders[folded] || strings.HasPrefix(folded, "x-amz-") && key != http.CanonicalHeaderKey(folded) && !isMetadata(key) {
			delete(header, key)
		}
	}
	return stripPresign(rawQuery)
}

// isMetadata reports whether key is the canonical form of a header of an S3 object's own metadata.
func isMetadata(key string) bool {
	return strings.HasPrefix(key, "X-Amz-Meta-") && key == http.CanonicalHeaderKey(key)
}

// stripPresign removes the parameters of a presigned request, in any spelling. It does not change the others.
func stripPresign(raw string) string {
	if !strings.Contains(strings.ToLower(raw), "x-amz-") && strings.IndexByte(raw, '%') < 0 {
		return raw
	}
	kept := make([]string, 0, 8)
	for piece := range strings.SplitSeq(raw, "&") {
		name, _, _ := strings.Cut(piece, "=")
		if plain, err := url.QueryUnescape(name); err == nil {
			name = plain
		}
		switch strings.ToLower(name) {
		case "x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-expires", "x-amz-signedheaders",
			"x-amz-signature", "x-amz-security-token", "x-amz-content-sha256":
		default:
			kept = append(kept, piece)
		}
	}
	return strings.Join(kept, "&")
}
