package userpoolcmd

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
)

// throttling answers as AWS does when there are too many calls, a number of times.
type throttling struct {
	times int
	at    []time.Time
}

func (c *throttling) Do(r *http.Request) (*http.Response, error) {
	c.at = append(c.at, time.Now())
	status, body := http.StatusOK, `{"UserPool": {"Id": "us-east-1_notes0001"}}`
	if len(c.at) <= c.times {
		status, body = http.StatusBadRequest, `{"__type": "TooManyRequestsException", "message": "Too many requests"}`
	}
	return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {"application/x-amz-json-1.1"}}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}

func TestAPullWaitsWhileAWSThrottles(t *testing.T) {
	for times, enough := range map[int]bool{0: true, 5: true, 11: true, 12: false} {
		synctest.Test(t, func(t *testing.T) {
			c := &throttling{times: times}
			key := aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
				return aws.Credentials{AccessKeyID: "AKIA", SecretAccessKey: "secret"}, nil
			})
			client := cip.New(cip.Options{Region: "us-east-1", Credentials: key, Retryer: newRetryer(), HTTPClient: c})
			_, err := client.DescribeUserPool(t.Context(), &cip.DescribeUserPoolInput{UserPoolId: aws.String("us-east-1_notes0001")})
			if (err == nil) != enough || len(c.at) != min(times+1, 12) {
				t.Errorf("throttled %d times: %d calls, %v", times, len(c.at), err)
			}
			for i := 1; i < len(c.at); i++ {
				if pause := c.at[i].Sub(c.at[i-1]); pause > time.Minute {
					t.Errorf("throttled %d times: a pause of %s", times, pause)
				}
			}
			if times >= 11 && c.at[len(c.at)-1].Sub(c.at[0]) < 10*time.Second {
				t.Errorf("throttled %d times: no growing pauses: %v", times, c.at)
			}
		})
	}
}
