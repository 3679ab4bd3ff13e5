package awsclient

import (
	"io"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Whole returns client without a race in the SDK (smithy-go v1.28.9) that loses answers. The SDK closes the body of a request as soon as it
// has the head of the answer. If net/http has sent the body but not yet looked for its end, WriteTo of the closed body returns io.EOF,
// which counts as an error there, and net/http closes the connection while the answer is being read. io.EOF from Read counts as the end.
func Whole(client aws.HTTPClient) aws.HTTPClient { return whole{client} }

type whole struct{ aws.HTTPClient }

// Do sends a request with a body that has no WriteTo.
func (c whole) Do(req *http.Request) (*http.Response, error) {
	if req.Body != nil && req.Body != http.NoBody {
		req.Body = struct{ io.ReadCloser }{req.Body}
	}
	return c.HTTPClient.Do(req)
}
