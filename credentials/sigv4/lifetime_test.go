package sigv4_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/sluicegate/sluice/credentials/sigv4"
)

// aws/aws-sdk-go#2167, kubernetes-sigs/aws-iam-authenticator#160, aws/aws-sdk-ruby#2887: only S3 heeds X-Amz-Expires.
func TestAPresignedRequestOfAnotherServiceIsValidForFifteenMinutes(t *testing.T) {
	for _, life := range []string{"", "0", "60", "86400", "604800", "soon", "99999999999999999999"} {
		target := "https://sts.example.com/?Action=GetCallerIdentity"
		if life != "" {
			target += "&X-Amz-Expires=" + life
		}
		from, err := http.NewRequestWithContext(t.Context(), http.MethodGet, target, nil)
		if err != nil {
			t.Fatal(err)
		}
		url, _, err := v4.NewSigner().PresignHTTP(t.Context(), aws.Credentials{AccessKeyID: creds.AccessKeyID, SecretAccessKey: creds.SecretAccessKey},
			from, sigv4.HashPayload(nil), "sts", "eu-west-1", signTime)
		if err != nil {
			t.Fatal(err)
		}
		_, query, _ := strings.Cut(url, "?")
		r := &sigv4.Request{Method: http.MethodGet, Host: "sts.example.com", RawPath: "/", RawQuery: query, Header: http.Header{}}
		for after, want := range map[time.Duration]sigv4.Reason{
			0: 0, 2 * time.Minute: 0, 15 * time.Minute: 0, 15*time.Minute + time.Second: sigv4.Expired, 24 * time.Hour: sigv4.Expired,
		} {
			o := options()
			o.Now = signTime.Add(after)
			v, err := verify(r, o)
			switch {
			case want != 0:
				wantReason(t, err, want, true)
			case err != nil:
				t.Errorf("X-Amz-Expires=%s, %s later: %v", life, after, err)
			case v.Expires != 15*time.Minute:
				t.Errorf("X-Amz-Expires=%s: Expires = %s", life, v.Expires)
			}
		}
	}
}
