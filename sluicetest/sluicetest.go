package sluicetest

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"

	"github.com/sluicegate/sluice/awsclient"
	"github.com/sluicegate/sluice/credentials/sigv4"
	"github.com/sluicegate/sluice/node/dev"
)

// Seed is what a server has at its start, in addition to its default user pool, app clients and identity pool. Its fields are those of the
// file that docs/dev.md describes.
type Seed = dev.Seed

// Pool is a user pool of a seed; Seed.Pool is the default one.
type Pool = dev.SeedPool

// Client is an app client of a seed.
type Client = dev.SeedClient

// Group is a group of a seed.
type Group = dev.SeedGroup

// User is a confirmed user with a permanent password.
type User = dev.SeedUser

// IdentityPool is an identity pool of a seed.
type IdentityPool = dev.SeedIdentityPool

// Role is an IAM role of a seed.
type Role = dev.SeedRole

// Mail is a message that the server has sent.
type Mail = dev.Mail

// Options are the options of New.
type Options struct {
	// Seed is what there is at the start. Use ParseSeed for one in JSON.
	Seed Seed
	// Issuer is the form of issuers: "public", the default, or "aws".
	Issuer string
}

// ParseSeed reads a seed in JSON; see docs/dev.md. A mistake ends the test.
func ParseSeed(t testing.TB, text string) Seed {
	t.Helper()
	s, err := dev.ParseSeed("seed", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return *s
}

// Server is a Sluice for one test. Its methods may be called from any goroutine, apart from those that end the test.
type Server struct {
	// Facts are the URL, ids, keys and endpoints of the server.
	dev.Facts

	t      testing.TB
	server *dev.Server
	offset atomic.Int64 // of the clock, in nanoseconds

	mu   sync.Mutex
	read map[string]int // the ID of the last message whose code Code returned, by the user's name and by the address
}

// Tokens are what a sign-in gives.
type Tokens struct {
	ID      string `json:"IdToken"`      // the ID token
	Access  string `json:"AccessToken"`  // the access token
	Refresh string `json:"RefreshToken"` // the refresh token
}

// patience is how long Code waits. Machines that run tests may be busy.
const patience = 30 * time.Second

// New starts a server. It ends with the test.
func New(t testing.TB, options ...Options) *Server {
	t.Helper()
	var o Options
	switch len(options) {
	case 0:
	case 1:
		o = options[0]
	default:
		t.Fatal("sluicetest.New takes Options once")
	}
	s := &Server{t: t, read: map[string]int{}}
	var err error
	s.server, err = dev.Start(context.WithoutCancel(t.Context()), dev.Options{Seed: &o.Seed, Issuer: o.Issuer, Now: s.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.server.Close(); err != nil {
			t.Errorf("sluicetest: ending the server: %v", err)
		}
	})
	s.Facts = s.server.Facts()
	return s
}

// Config returns the configuration of a client of AWS's SDK with the administrator's key.
func (s *Server) Config() aws.Config {
	return aws.Config{Region: s.Region, BaseEndpoint: aws.String(s.URL), HTTPClient: awsclient.Whole(awshttp.NewBuildableClient()), Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: s.AccessKeyID, SecretAccessKey: s.SecretAccessKey, Source: "sluicetest"}, nil
	})}
}

// Setenv sets the environment variables of the server, for code that reads them, until the test ends. As testing.T.Setenv, it cannot be
// used in parallel tests.
func (s *Server) Setenv() {
	s.t.Helper()
	for name, value := range s.Environment {
		s.t.Setenv(name, value)
	}
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(variable, "="); dev.Shadows(name) {
			s.t.Setenv(name, "") // has the test restore it
			if err := os.Unsetenv(name); err != nil {
				s.t.Fatal(err)
			}
		}
	}
}

// Now returns the server's time.
func (s *Server) Now() time.Time { return time.Now().Add(time.Duration(s.offset.Load())) }

// Advance moves the server's clock forward, so that codes, tokens and sessions expire. Clients of AWS's SDK learn the new time from an
// answer, as they do from AWS.
func (s *Server) Advance(d time.Duration) {
	s.t.Helper()
	if d < 0 {
		s.t.Fatal("sluicetest: the clock of a server does not go back")
	}
	s.offset.Add(int64(d))
}

// AddUser adds a user to the default user pool.
func (s *Server) AddUser(u User) {
	s.t.Helper()
	if err := s.server.AddUser(s.t.Context(), u); err != nil {
		s.t.Fatal(err)
	}
}

// Code waits for a code, or a temporary password, for a user or an address, and returns the newest: that of the last call that sent one,
// even if earlier codes were not asked for. It returns no message's code twice, whether it is asked for by the name or by the address. The
// test ends if none comes.
func (s *Server) Code(user string) string {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	mails, _, err := s.server.Mail.Wait(ctx, dev.Wanted{To: user, WithCode: true, After: s.read[strings.ToLower(user)]})
	if err != nil {
		s.t.Fatalf("sluicetest: %v", err)
	}
	newest := mails[len(mails)-1]
	for _, name := range []string{user, newest.To, newest.Username} {
		s.read[strings.ToLower(name)] = newest.ID
	}
	return newest.Code
}

// Mails returns the messages for a user or an address so far, the oldest first. "" returns all.
func (s *Server) Mails(user string) []Mail {
	s.t.Helper()
	mails, _, err := s.server.Mail.Read(dev.Wanted{To: user})
	if err != nil {
		s.t.Fatal(err)
	}
	return mails
}

// SignIn signs a user of the default user pool in with a password. The test ends if that fails, or if the user would have to do
// more.
func (s *Server) SignIn(username, password string) Tokens {
	s.t.Helper()
	var answer struct {
		AuthenticationResult Tokens
		ChallengeName        string
	}
	s.call("InitiateAuth", map[string]any{"ClientId": s.ClientID, "AuthFlow": "USER_PASSWORD_AUTH",
		"AuthParameters": map[string]string{"USERNAME": username, "PASSWORD": password}}, &answer)
	if answer.ChallengeName != "" {
		s.t.Fatalf("sluicetest: the sign-in of %s asks for %s; answer it with RespondToAuthChallenge", username, answer.ChallengeName)
	}
	return answer.AuthenticationResult
}

// call calls an operation of the user pools API with the administrator's key.
func (s *Server) call(operation string, input, output any) {
	s.t.Helper()
	body, err := json.Marshal(input)
	if err != nil {
		s.t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.URL+"/", strings.NewReader(string(body)))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", "AWSCognitoIdentityProviderService."+operation)
	err = sigv4.Sign(sigv4.FromHTTP(r), dev.RootKey, sigv4.SignOptions{Time: s.Now(), Region: s.Region, Service: "cognito-idp", PayloadHash: sigv4.HashPayload(body)})
	if err != nil {
		s.t.Fatal(err)
	}
	if err := exchange(r, output); err != nil {
		s.t.Fatalf("sluicetest: %s: %v", operation, err)
	}
}

// exchange sends a request and decodes the answer.
func exchange(r *http.Request, output any) error {
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", response.Status, body)
	}
	return json.Unmarshal(body, output)
}
