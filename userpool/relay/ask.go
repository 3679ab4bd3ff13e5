package relay

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/sluicegate/sluice/credentials/sigv4"
	"github.com/sluicegate/sluice/userpool/srp"
)

// maxAnswer bounds what is read of an answer, in bytes.
const maxAnswer = 1 << 20

// answer is what the old pool returns, and the exception's type and message if it refuses.
type answer struct {
	ChallengeName        string
	ChallengeParameters  map[string]string
	AuthenticationResult struct{ AccessToken string }
	Session              string
	Type                 string `json:"__type"`
	Message              string `json:"message"`
}

// ask signs the user in at the old pool.
func (s *Service) ask(ctx context.Context, poolID string, r *Record, name, password string) (Verdict, error) {
	c := r.Client
	if c.Flow == SRPFlow {
		return s.askSRP(ctx, poolID, r, name, password)
	}
	in := map[string]any{"ClientId": c.ID, "AuthFlow": c.Flow,
		"AuthParameters": c.withHash(name, map[string]string{"USERNAME": name, "PASSWORD": password})}
	operation := "InitiateAuth"
	if c.Flow == AdminFlow {
		operation, in["UserPoolId"] = "AdminInitiateAuth", poolID
	}
	out, err := s.call(ctx, r, operation, in)
	if err != nil {
		return "", err
	}
	return out.verdict()
}

// askSRP proves the password by SRP.
func (s *Service) askSRP(ctx context.Context, poolID string, r *Record, name, password string) (Verdict, error) {
	x, err := srp.NewClient(s.o.Base.Rand)
	if err != nil {
		return "", err
	}
	c := r.Client
	out, err := s.call(ctx, r, "InitiateAuth", map[string]any{"ClientId": c.ID, "AuthFlow": SRPFlow,
		"AuthParameters": c.withHash(name, map[string]string{"USERNAME": name, "SRP_A": x.A()})})
	if err != nil {
		return "", err
	}
	if out.Type != "" {
		return out.verdict()
	}
	q := out.ChallengeParameters
	block, err := base64.StdEncoding.DecodeString(q["SECRET_BLOCK"])
	if err != nil || out.ChallengeName != "PASSWORD_VERIFIER" {
		return "", fmt.Errorf("the old pool asks %q instead of PASSWORD_VERIFIER", out.ChallengeName)
	}
	_, short, _ := strings.Cut(poolID, "_")
	user := srp.Name{Pool: short, User: q["USER_ID_FOR_SRP"]}
	key, err := x.Key(user, password, q["SALT"], q["SRP_B"])
	if err != nil {
		return "", err
	}
	stamp := srp.FormatTimestamp(s.o.Base.Now())
	in := map[string]any{"ClientId": c.ID, "ChallengeName": "PASSWORD_VERIFIER", "ChallengeResponses": c.withHash(user.User, map[string]string{
		"USERNAME": user.User, "PASSWORD_CLAIM_SECRET_BLOCK": q["SECRET_BLOCK"], "TIMESTAMP": stamp,
		"PASSWORD_CLAIM_SIGNATURE": srp.Signature(key, user, block, stamp)})}
	if out.Session != "" {
		in["Session"] = out.Session
	}
	if out, err = s.call(ctx, r, "RespondToAuthChallenge", in); err != nil {
		return "", err
	}
	return out.verdict()
}

// withHash adds the SECRET_HASH of a confidential client.
func (c *Client) withHash(name string, params map[string]string) map[string]string {
	if c.Secret != "" {
		m := hmac.New(sha256.New, []byte(c.Secret))
		m.Write([]byte(name + c.ID))
		params["SECRET_HASH"] = base64.StdEncoding.EncodeToString(m.Sum(nil))
	}
	return params
}

// afterPassword are the challenges that only a right password leads to.
var afterPassword = []string{"SMS_MFA", "SOFTWARE_TOKEN_MFA", "EMAIL_OTP", "SELECT_MFA_TYPE", "MFA_SETUP", "DEVICE_SRP_AUTH"}

// verdict reads an answer. Only tokens, or a challenge that follows the password, mean that the password was right: what a proxy on the
// way answers does not.
//
// Source: the errors of InitiateAuth; Developer guide, "Managing user existence error responses" and "Lockout behavior for
// failed sign-in attempts".
func (a *answer) verdict() (Verdict, error) {
	switch a.kind() {
	case "":
		switch {
		case a.ChallengeName == "NEW_PASSWORD_REQUIRED":
			return Temporary, nil
		case a.AuthenticationResult.AccessToken != "", slices.Contains(afterPassword, a.ChallengeName):
			return Right, nil
		}
		return "", fmt.Errorf("the old pool answers with neither tokens nor a challenge that follows the password (%.40q)", a.ChallengeName)
	case "PasswordResetRequiredException", "UserNotConfirmedException": // the second: confirmed here, not there
		return ResetRequired, nil
	case "UserNotFoundException":
		return Wrong, nil
	case "NotAuthorizedException":
		switch {
		case a.Message == "Password attempts exceeded":
			return Locked, nil
		case strings.HasPrefix(a.Message, "Incorrect username or password"), strings.HasPrefix(a.Message, "User is disabled"),
			strings.HasPrefix(a.Message, "Temporary password has expired"):
			return Wrong, nil
		}
	}
	return "", fmt.Errorf("the old pool refuses: %.100s: %.300s", a.kind(), a.Message) // which goes to the log
}

// kind is the name of the exception, "" if there is none.
func (a *answer) kind() string {
	return a.Type[strings.LastIndexByte(a.Type, '#')+1:]
}

// call makes one request. An exception is a response; an error means that there is none.
func (s *Service) call(ctx context.Context, r *Record, operation string, in any) (*answer, error) {
	body, err := json.Marshal(in)
	if err != nil {
		return nil, err
	}
	endpoint := r.Endpoint
	if endpoint == "" {
		endpoint = "https://cognito-idp." + r.Region + ".amazonaws.com/"
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-amz-json-1.1")
	req.Header.Set("X-Amz-Target", "AWSCognitoIdentityProviderService."+operation)
	if c := r.Client; c.Flow == AdminFlow && c.Credentials != nil {
		if err := sign(req, body, r.Region, c.Credentials, s.o.Base.Now()); err != nil {
			return nil, err
		}
	}
	resp, err := s.o.HTTP.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return nil, err
	}
	var out answer
	if err := json.Unmarshal(data, &out); err != nil {
		return nil, fmt.Errorf("the old pool answers %s without JSON", resp.Status)
	}
	if resp.StatusCode != http.StatusOK && (out.Type == "" || resp.StatusCode >= 500) {
		return nil, fmt.Errorf("the old pool answers %s", resp.Status)
	}
	if out.kind() == "TooManyRequestsException" {
		return nil, errors.New("the old pool gets too many requests")
	}
	return &out, nil
}

// sign signs a request with the credentials of AdminFlow.
func sign(req *http.Request, body []byte, region string, c *Credentials, now time.Time) error {
	return sigv4.Sign(sigv4.FromHTTP(req), sigv4.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey},
		sigv4.SignOptions{Time: now, Region: region, Service: "cognito-idp", PayloadHash: sigv4.HashPayload(body)})
}
