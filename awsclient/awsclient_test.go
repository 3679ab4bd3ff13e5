package awsclient_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"

	"github.com/sluicegate/sluice/awsclient"
)

// A regression test. On a busy machine, one call in some thousands failed with "use of closed network connection" when its answer was longer than
// net/http's buffer: the client's own writer had closed the connection.
func TestAnAnswerIsReadAlthoughTheRequestsWriterIsSlow(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if err := http.NewResponseController(w).Flush(); err != nil {
			t.Error(err)
		}
		time.Sleep(2 * slow)
		_, _ = io.WriteString(w, `{"UserPool": {"Name": "`+strings.Repeat("x", 10_000)+`"}}`)
	}))
	defer server.Close()
	transport := awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
		t.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
			return slowConn{conn}, err
		}
	})
	client := cognitoidentityprovider.New(cognitoidentityprovider.Options{
		Region: "us-east-1", BaseEndpoint: &server.URL, Credentials: credentials.NewStaticCredentialsProvider("AKIAIOSFODNN7EXAMPLE", "secret", ""),
		RetryMaxAttempts: 1, HTTPClient: awsclient.Whole(transport),
	})
	got, err := client.DescribeUserPool(t.Context(), &cognitoidentityprovider.DescribeUserPoolInput{UserPoolId: aws.String("us-east-1_AbCdEfGhI")})
	if err != nil || len(aws.ToString(got.UserPool.Name)) != 10_000 {
		t.Errorf("%+v, %v", got, err)
	}
}

const slow = 50 * time.Millisecond

// slowConn returns from Write long after the bytes were sent.
type slowConn struct{ net.Conn }

func (c slowConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	time.Sleep(slow)
	return n, err
}
