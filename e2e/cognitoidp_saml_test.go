package e2e

import (
	"crypto/x509"
	"encoding/base64"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"

	"github.com/sluicegate/sluice/e2e/harness"
)

func (userPools) GetSigningCertificate(t *testing.T, c *sdk) {
	admin, pool := c.users(harness.Admin), emptyPool(t, c)
	got, err := admin.GetSigningCertificate(t.Context(), &cip.GetSigningCertificateInput{UserPoolId: pool})
	ok(t, err)
	der, err := base64.StdEncoding.DecodeString(aws.ToString(got.Certificate))
	ok(t, err)
	certificate, err := x509.ParseCertificate(der)
	ok(t, err)
	equal(t, "life", certificate.NotAfter.Sub(certificate.NotBefore), 10*365*24*time.Hour)
	again, err := admin.GetSigningCertificate(t.Context(), &cip.GetSigningCertificateInput{UserPoolId: pool})
	ok(t, err)
	equal(t, "certificate", *again.Certificate, *got.Certificate)
	_, err = admin.GetSigningCertificate(t.Context(), &cip.GetSigningCertificateInput{UserPoolId: aws.String("us-east-1_doesNotEx")})
	wantError(t, err, "ResourceNotFoundException", "User pool us-east-1_doesNotEx does not exist.")
}
