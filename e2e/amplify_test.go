package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/sluicegate/sluice/e2e/harness"
)

// step is one line of amplify/story.mjs.
type step struct {
	Step, Next, Error, Username, UserID, Email string
	Complete, SignedIn, Changed                bool
	Identity, Access, ID, Key, Secret, Token   string
}

// TestAmplify signs up, signs in with SRP and gets credentials with Amplify from npm, and uses them with Go's SDK.
func TestAmplify(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(harness.Root(), "e2e", "amplify")
	if _, err := os.Stat(filepath.Join(folder, "node_modules", "aws-amplify")); err != nil {
		npm := exec.Command("npm", "ci", "--silent")
		npm.Dir = folder
		if out, err := npm.CombinedOutput(); err != nil {
			t.Fatalf("npm ci: %v\n%s", err, out)
		}
	}
	store := harness.StartS3(t)
	store.Put(t, "public/welcome.txt", "hi")
	s := harness.Start(t, harness.Config{S3: store})
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "node", "story.mjs")
	cmd.Dir = folder
	cmd.Env = append(os.Environ(), "SLUICE_URL="+s.URL, "SLUICE_OUTBOX="+s.OutboxPath(), "SLUICE_POOL="+harness.Pool,
		"SLUICE_CLIENT="+harness.Client, "SLUICE_IDENTITY_POOL="+harness.IdentityPool, "SLUICE_PASSWORD="+password)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	goOn, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	bucket, steps := aws.String(harness.Bucket), map[string]step{}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		var st step
		if err := json.Unmarshal(lines.Bytes(), &st); err != nil {
			t.Errorf("%v in %s", err, lines.Text())
		}
		steps[st.Step] = st
		if st.Step != "refreshed" {
			continue
		}
		useAmplifys(t, s, steps["guest"], steps["session"])
		if _, err := io.WriteString(goOn, "go on\n"); err != nil {
			t.Error(err)
		}
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("node: %v after %d steps\n%s", err, len(steps), stderr.String())
	}
	t.Logf("measured: Amplify's story took %v", time.Since(start).Round(time.Millisecond))
	for name, want := range map[string]step{
		"signUp":             {Next: "CONFIRM_SIGN_UP"},
		"early":              {Error: "CONFIRM_SIGN_UP"},
		"confirmSignUp":      {Complete: true},
		"wrong password":     {Error: "NotAuthorizedException"},
		"unknown user":       {Error: "NotAuthorizedException"},
		"signIn":             {SignedIn: true, Next: "DONE"},
		"signIn by password": {SignedIn: true},
	} {
		want.Step = name
		if got := steps[name]; got != want {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
	guest, session, refreshed, out2 := steps["guest"], steps["session"], steps["refreshed"], steps["signed out"]
	claims := harness.Claims(t, session.Access)
	if steps["currentUser"].Username != "ampe" || steps["currentUser"].UserID != claims["sub"] {
		t.Errorf("current user %+v, claims %v", steps["currentUser"], claims)
	}
	if steps["attributes"].Email != "ampe@example.com" {
		t.Errorf("attributes %+v", steps["attributes"])
	}
	if guest.Access != "" || guest.Key == "" || guest.Identity == "" {
		t.Errorf("guest %+v", guest)
	}
	if session.Identity != guest.Identity {
		t.Errorf("the guest %s did not become the user %s", guest.Identity, session.Identity)
	}
	if !refreshed.Changed || refreshed.Identity != session.Identity || harness.Claims(t, refreshed.Access)["origin_jti"] != claims["origin_jti"] {
		t.Errorf("refreshed %+v", refreshed)
	}
	if out2.Access != "" || out2.Identity == session.Identity {
		t.Errorf("signed out: %+v", out2)
	}

	// Amplify's sign-out revokes the sign-in, and with it the credentials that came of it.
	gone := s.S3(harness.Keys(session.Key, session.Secret, session.Token))
	_, err = gone.GetObject(t.Context(), &s3.GetObjectInput{Bucket: bucket, Key: aws.String("users/" + session.Identity + "/from-amplify")})
	wantCode(t, "the credentials of a sign-in that was ended", err, "InvalidToken")
	proves(t, s, "Amplify")
}

// useAmplifys uses the credentials of the guest and of the user that the guest became.
func useAmplifys(t *testing.T, s *harness.Sluice, guest, session step) {
	t.Helper()
	bucket := aws.String(harness.Bucket)
	mine := s.S3(harness.Keys(session.Key, session.Secret, session.Token))
	key := aws.String("users/" + session.Identity + "/from-amplify")
	if _, err := mine.PutObject(t.Context(), &s3.PutObjectInput{Bucket: bucket, Key: key, Body: strings.NewReader("hello")}); err != nil {
		t.Errorf("put with Amplify's credentials: %v", err)
	}
	theirs := s.S3(harness.Keys(guest.Key, guest.Secret, guest.Token))
	_, err := theirs.GetObject(t.Context(), &s3.GetObjectInput{Bucket: bucket, Key: key})
	wantCode(t, "get with the guest's credentials", err, "AccessDenied")
	if _, err := theirs.GetObject(t.Context(), &s3.GetObjectInput{Bucket: bucket, Key: aws.String("public/welcome.txt")}); err != nil {
		t.Errorf("get what is public as a guest: %v", err)
	}
	mixed := s.S3(harness.Keys(guest.Key, session.Secret, session.Token))
	_, err = mixed.GetObject(t.Context(), &s3.GetObjectInput{Bucket: bucket, Key: key})
	wantCode(t, "one's key with another's token", err, "InvalidToken")
}
