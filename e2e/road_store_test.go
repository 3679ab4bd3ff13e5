package e2e

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/sluicegate/sluice/e2e/harness"
)

// SignUpToStoredObject goes all the way: sign-up, code, sign-in, identity, credentials, object.
func (r roads) SignUpToStoredObject(t *testing.T, c *sdk) {
	ctx, client := t.Context(), c.users(harness.Anonymous)
	signUp(t, c)
	_, err := client.ConfirmSignUp(ctx, &cip.ConfirmSignUpInput{
		ClientId: notesClient, Username: &c.name, ConfirmationCode: aws.String(c.OutboxCode(t, c.email(), 1)),
	})
	ok(t, err)
	mine, creds := temporary(t, c.Sluice, *signIn(t, c.Sluice, c.name).IdToken)
	who, err := c.sts(creds).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	ok(t, err)
	equal(t, "caller", aws.ToString(who.Arn), "arn:aws:sts::"+harness.Account+":assumed-role/notes-user/CognitoIdentityCredentials")
	key := "users/" + mine + "/note.txt"
	_, err = c.S3(creds).PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String(harness.Bucket), Key: &key, Body: strings.NewReader("a note")})
	ok(t, err)
	stored, err := os.ReadFile(filepath.Join(r.store.Dir, harness.Bucket, key))
	if err != nil || string(stored) != "a note" {
		t.Errorf("the store holds %q, %v", stored, err)
	}
	// The keys work for the object store only, not for administration.
	_, err = c.users(creds).ListUsers(ctx, &cip.ListUsersInput{UserPoolId: notesPool})
	wantCode(t, "a user's credentials for administration", err, "AccessDeniedException")
}

// OwnPrefix follows a user's temporary credentials to the objects below the user's own prefix.
func (r roads) OwnPrefix(t *testing.T, c *sdk) {
	ctx := t.Context()
	makeUser(t, c.Sluice, c.name)
	mine, creds := temporary(t, c.Sluice, *signIn(t, c.Sluice, c.name).IdToken)
	client, bucket := c.S3(creds), aws.String(harness.Bucket)
	photo := bytes.Repeat([]byte("photo\x00\xff"), 50_000)
	for _, key := range []string{"photo.jpg", "a b+c/ü&=?.txt", "deep/er/file"} {
		key = "users/" + mine + "/" + key
		if _, err := client.PutObject(ctx, &s3.PutObjectInput{
			Bucket: bucket, Key: &key, Body: bytes.NewReader(photo), ContentType: aws.String("image/jpeg"),
		}); err != nil {
			t.Fatalf("put %s: %v", key, err)
		}
		if stored, err := os.ReadFile(filepath.Join(r.store.Dir, harness.Bucket, filepath.FromSlash(key))); err != nil || !bytes.Equal(stored, photo) {
			t.Errorf("the store holds %d bytes of %s, %v", len(stored), key, err)
		}
		got, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: bucket, Key: &key})
		if err != nil {
			t.Fatalf("get %s: %v", key, err)
		}
		body, err := io.ReadAll(got.Body)
		if err != nil || !bytes.Equal(body, photo) || aws.ToString(got.ContentType) != "image/jpeg" {
			t.Errorf("get %s: %d bytes, %v, %v", key, len(body), aws.ToString(got.ContentType), err)
		}
		if head, err := client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: bucket, Key: &key}); err != nil || *head.ContentLength != int64(len(photo)) {
			t.Errorf("head %s: %+v, %v", key, head, err)
		}
	}
	list, err := client.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: bucket, Prefix: aws.String("users/" + mine + "/")})
	if err != nil || len(list.Contents) != 3 {
		t.Errorf("list: %+v, %v", list, err)
	}
	part, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: bucket, Key: aws.String("users/" + mine + "/photo.jpg"), Range: aws.String("bytes=6-12")})
	if err != nil {
		t.Fatal(err)
	}
	if body, err := io.ReadAll(part.Body); err != nil || !bytes.Equal(body, photo[6:13]) {
		t.Errorf("range: %q, %v", body, err)
	}
	if _, err := client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: bucket, Key: aws.String("users/" + mine + "/photo.jpg")}); err != nil {
		t.Errorf("delete one's own: %v", err)
	}
}

// OthersPrefix uses a user's credentials for what belongs to another user.
func (r roads) OthersPrefix(t *testing.T, c *sdk) {
	ctx := t.Context()
	makeUser(t, c.Sluice, c.name)
	makeUser(t, c.Sluice, c.name+"-other")
	mine, creds := temporary(t, c.Sluice, *signIn(t, c.Sluice, c.name).IdToken)
	theirs, other := temporary(t, c.Sluice, *signIn(t, c.Sluice, c.name+"-other").IdToken)
	client, bucket := c.S3(creds), aws.String(harness.Bucket)
	hers := "users/" + theirs + "/diary"
	if _, err := c.S3(other).PutObject(ctx, &s3.PutObjectInput{Bucket: bucket, Key: &hers, Body: strings.NewReader("dear")}); err != nil {
		t.Fatal(err)
	}
	_, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: bucket, Key: &hers})
	wantCode(t, "get another's", err, "AccessDenied")
	_, err = client.PutObject(ctx, &s3.PutObjectInput{Bucket: bucket, Key: &hers, Body: strings.NewReader("x")})
	wantCode(t, "put another's", err, "AccessDenied")
	_, err = client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: bucket, Key: &hers})
	wantCode(t, "delete another's", err, "AccessDenied")
	_, err = client.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: bucket, Prefix: aws.String("users/" + theirs + "/")})
	wantCode(t, "list another's", err, "AccessDenied")
	_, err = client.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: bucket})
	wantCode(t, "list everything", err, "AccessDenied")
	_, err = client.CopyObject(ctx, &s3.CopyObjectInput{Bucket: bucket, Key: aws.String("users/" + mine + "/copy"), CopySource: aws.String(harness.Bucket + "/" + hers)})
	wantCode(t, "copy another's to one's own", err, "AccessDenied")
	_, err = client.ListBuckets(ctx, &s3.ListBucketsInput{}, func(o *s3.Options) { o.BaseEndpoint = aws.String(c.URL + "/s3/") })
	wantCode(t, "list the buckets", err, "AccessDenied")
	_, err = client.PutObject(ctx, &s3.PutObjectInput{Bucket: bucket, Key: aws.String("users/" + mine + "/../" + theirs + "/diary"), Body: strings.NewReader("x")})
	if err == nil {
		t.Error("a key with .. was taken")
	}
	if stored, err := os.ReadFile(filepath.Join(r.store.Dir, harness.Bucket, hers)); err != nil || string(stored) != "dear" {
		t.Errorf("another's object is now %q, %v", stored, err)
	}
}

// Guest follows a guest's credentials to the public objects.
func (r roads) Guest(t *testing.T, c *sdk) {
	ctx := t.Context()
	r.store.Put(t, "public/welcome.txt", "hi")
	id, creds := temporary(t, c.Sluice, "")
	client, bucket := c.S3(creds), aws.String(harness.Bucket)
	got, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: bucket, Key: aws.String("public/welcome.txt")})
	if err != nil {
		t.Fatal(err)
	}
	if body, err := io.ReadAll(got.Body); err != nil || string(body) != "hi" {
		t.Errorf("%q, %v", body, err)
	}
	_, err = client.PutObject(ctx, &s3.PutObjectInput{Bucket: bucket, Key: aws.String("users/" + id + "/x"), Body: strings.NewReader("x")})
	wantCode(t, "a guest writes", err, "AccessDenied")
	_, err = client.PutObject(ctx, &s3.PutObjectInput{Bucket: bucket, Key: aws.String("public/x"), Body: strings.NewReader("x")})
	wantCode(t, "a guest writes to public", err, "AccessDenied")
	_, err = client.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: bucket, Prefix: aws.String("public/")})
	wantCode(t, "a guest lists", err, "AccessDenied")
}
