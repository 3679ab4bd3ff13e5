package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentity"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/sluicegate/sluice/e2e/harness"
)

// TestStory is what Caddyfile.example promises: sign in, be let through or refused, get temporary credentials, use them.
func TestStory(t *testing.T) {
	t.Parallel()
	store := harness.StartS3(t)
	s := harness.Start(t, harness.Config{S3: store})
	makeUser(t, s, "rita", "readers")
	makeUser(t, s, "eddie", "editors")
	makeUser(t, s, "nobody")

	t.Run("a user signs up and confirms with the code", func(t *testing.T) { signUp(t, s) })
	t.Run("tokens carry Cognito's claims", func(t *testing.T) { tokensOf(t, s) })
	t.Run("a temporary password must be changed", func(t *testing.T) { newPassword(t, s) })
	t.Run("readers read and editors write", func(t *testing.T) { callAPI(t, s) })
	t.Run("refresh goes on until the user signs out", func(t *testing.T) { refresh(t, s) })
	t.Run("who the credentials are", func(t *testing.T) { identity(t, s) })
	t.Run("one's own prefix and nobody else's", func(t *testing.T) { ownPrefix(t, s, store) })
	t.Run("multipart", func(t *testing.T) { multipart(t, s) })
	t.Run("presigned", func(t *testing.T) { presigned(t, s) })
	t.Run("a guest does what the guest role says", func(t *testing.T) { guest(t, s, store) })
	t.Run("the administrator's operations", func(t *testing.T) { administer(t, s) })
}

func signUp(t *testing.T, s *harness.Sluice) {
	client, ctx := s.Users(harness.Anonymous), t.Context()
	out, err := client.SignUp(ctx, &cip.SignUpInput{
		ClientId: aws.String(harness.Client), Username: aws.String("sue"), Password: aws.String(password),
		UserAttributes: []types.AttributeType{{Name: aws.String("email"), Value: aws.String("sue@example.com")}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if out.UserConfirmed || out.CodeDeliveryDetails == nil ||
		aws.ToString(out.CodeDeliveryDetails.Destination) != "s***@e***" {
		t.Errorf("answer %+v, %+v", out, out.CodeDeliveryDetails)
	}
	_, err = client.InitiateAuth(ctx, passwordAuth("sue", password))
	wantCode(t, "sign-in before confirmation", err, "UserNotConfirmedException")
	code := s.OutboxCode(t, "sue@example.com", 1)
	wrong := "000000"
	if code == wrong {
		wrong = "000001"
	}
	confirm := func(code string) error {
		_, err := client.ConfirmSignUp(ctx, &cip.ConfirmSignUpInput{
			ClientId: aws.String(harness.Client), Username: aws.String("sue"), ConfirmationCode: &code,
		})
		return err
	}
	wantCode(t, "a wrong code", confirm(wrong), "CodeMismatchException")
	if _, err := client.ResendConfirmationCode(ctx, &cip.ResendConfirmationCodeInput{
		ClientId: aws.String(harness.Client), Username: aws.String("sue"),
	}); err != nil {
		t.Fatal(err)
	}
	if err := confirm(s.OutboxCode(t, "sue@example.com", 2)); err != nil {
		t.Fatalf("ConfirmSignUp: %v", err)
	}
	wantCode(t, "confirming twice", confirm(code), "NotAuthorizedException")
	tokens := signIn(t, s, "sue")
	user, err := client.GetUser(ctx, &cip.GetUserInput{AccessToken: tokens.AccessToken})
	if err != nil {
		t.Fatal(err)
	}
	attributes := map[string]string{}
	for _, a := range user.UserAttributes {
		attributes[*a.Name] = aws.ToString(a.Value)
	}
	if *user.Username != "sue" || attributes["email_verified"] != "true" || attributes["sub"] != *out.UserSub {
		t.Errorf("GetUser: %s %v, sub %s", *user.Username, attributes, *out.UserSub)
	}
	_, err = client.SignUp(ctx, &cip.SignUpInput{
		ClientId: aws.String(harness.Client), Username: aws.String("Sue"), Password: aws.String(password),
		UserAttributes: []types.AttributeType{{Name: aws.String("email"), Value: aws.String("x@example.com")}},
	})
	wantCode(t, "a name that differs by case alone", err, "UsernameExistsException")
}

func tokensOf(t *testing.T, s *harness.Sluice) {
	tokens := signIn(t, s, "eddie")
	if *tokens.TokenType != "Bearer" || tokens.ExpiresIn != 3600 || tokens.RefreshToken == nil {
		t.Errorf("result %+v", tokens)
	}
	id, access := harness.Claims(t, *tokens.IdToken), harness.Claims(t, *tokens.AccessToken)
	issuer := s.URL + "/" + harness.Pool
	for claim, want := range map[string]any{
		"iss": issuer, "aud": harness.Client, "token_use": "id", "cognito:username": "eddie",
		"email": "eddie@example.com", "email_verified": true, "sub": access["sub"], "origin_jti": access["origin_jti"],
		"auth_time": access["auth_time"], "event_id": access["event_id"],
	} {
		if id[claim] != want {
			t.Errorf("ID token: %s is %v, want %v", claim, id[claim], want)
		}
	}
	for claim, want := range map[string]any{
		"iss": issuer, "client_id": harness.Client, "token_use": "access", "username": "eddie",
		"scope": "aws.cognito.signin.user.admin", "aud": nil, "email": nil, "version": 2.0,
	} {
		if access[claim] != want {
			t.Errorf("access token: %s is %v, want %v", claim, access[claim], want)
		}
	}
	if fmt.Sprint(id["cognito:groups"]) != "[editors]" || fmt.Sprint(access["cognito:groups"]) != "[editors]" {
		t.Errorf("groups %v and %v", id["cognito:groups"], access["cognito:groups"])
	}
	if id["jti"] == access["jti"] {
		t.Error("both tokens have one jti")
	}
	if keyID(t, *tokens.IdToken) == keyID(t, *tokens.AccessToken) {
		t.Error("both tokens are signed by one key")
	}
	keys := s.Get(t, "GET", "/"+harness.Pool+"/.well-known/jwks.json")
	for _, token := range []string{*tokens.IdToken, *tokens.AccessToken} {
		if !strings.Contains(keys.Body, `"`+keyID(t, token)+`"`) {
			t.Errorf("the key %s is not published: %s", keyID(t, token), keys.Body)
		}
	}
	discovery := s.Get(t, "GET", "/"+harness.Pool+"/.well-known/openid-configuration")
	if discovery.Status != 200 || !strings.Contains(discovery.Body, `"`+issuer+`"`) {
		t.Errorf("discovery: %d %s", discovery.Status, discovery.Body)
	}
}

func newPassword(t *testing.T, s *harness.Sluice) {
	admin, client, ctx := s.Users(harness.Admin), s.Users(harness.Anonymous), t.Context()
	if _, err := admin.AdminCreateUser(ctx, &cip.AdminCreateUserInput{
		UserPoolId: aws.String(harness.Pool), Username: aws.String("temp"), TemporaryPassword: aws.String("Temporary-1!"),
		MessageAction:  types.MessageActionTypeSuppress,
		UserAttributes: []types.AttributeType{{Name: aws.String("email"), Value: aws.String("temp@example.com")}},
	}); err != nil {
		t.Fatal(err)
	}
	out, err := client.InitiateAuth(ctx, passwordAuth("temp", "Temporary-1!"))
	if err != nil {
		t.Fatal(err)
	}
	if out.ChallengeName != types.ChallengeNameTypeNewPasswordRequired || out.Session == nil || out.AuthenticationResult != nil {
		t.Fatalf("answer %+v", out)
	}
	respond := &cip.RespondToAuthChallengeInput{
		ClientId: aws.String(harness.Client), ChallengeName: out.ChallengeName, Session: out.Session,
		ChallengeResponses: map[string]string{"USERNAME": "temp", "NEW_PASSWORD": password},
	}
	done, err := client.RespondToAuthChallenge(ctx, respond)
	if err != nil {
		t.Fatal(err)
	}
	if done.AuthenticationResult == nil {
		t.Fatalf("answer %+v", done)
	}
	_, err = client.RespondToAuthChallenge(ctx, respond)
	wantCode(t, "the session used twice", err, "NotAuthorizedException")
	signIn(t, s, "temp")
	_, err = client.InitiateAuth(ctx, passwordAuth("temp", "Temporary-1!"))
	wantCode(t, "the temporary password", err, "NotAuthorizedException")
}

func callAPI(t *testing.T, s *harness.Sluice) {
	reader, editor, neither := signIn(t, s, "rita"), signIn(t, s, "eddie"), signIn(t, s, "nobody")
	for _, c := range []struct {
		name, method, token string
		status              int
	}{
		{"a reader reads", "GET", *reader.AccessToken, 200},
		{"a reader cannot write", "POST", *reader.AccessToken, 403},
		{"a reader cannot delete", "DELETE", *reader.AccessToken, 403},
		{"an editor reads", "GET", *editor.AccessToken, 200},
		{"an editor writes", "PUT", *editor.AccessToken, 200},
		{"a user without a group", "GET", *neither.AccessToken, 403},
		{"nobody", "GET", "", 401},
		{"an ID token where an access token is meant", "GET", *reader.IdToken, 401},
		{"a token that was changed", "GET", flip(*reader.AccessToken), 401},
		{"a refresh token", "GET", *reader.RefreshToken, 401},
	} {
		headers := []string{"X-User-Name", "forged", "X_User_Groups", "editors"}
		if c.token != "" {
			headers = append(headers, "Authorization", "Bearer "+c.token)
		}
		got := s.Get(t, c.method, "/api/notes", headers...)
		if got.Status != c.status {
			t.Errorf("%s: %d, want %d: %s", c.name, got.Status, c.status, got.Body)
		}
		if got.Status == 200 && strings.Contains(got.Body, "forged") {
			t.Errorf("%s: the upstream saw a header that the client had made up: %s", c.name, got.Body)
		}
		if got.Status == 401 && got.Header.Get("WWW-Authenticate") == "" {
			t.Errorf("%s: 401 without WWW-Authenticate", c.name)
		}
		if got.Status >= 400 && !strings.HasPrefix(got.Header.Get("Content-Type"), "application/problem+json") {
			t.Errorf("%s: content type %q", c.name, got.Header.Get("Content-Type"))
		}
	}
	got := s.Get(t, "GET", "/api/notes", "Authorization", "Bearer "+*editor.AccessToken)
	if !strings.Contains(got.Body, `"user": "eddie"`) || !strings.Contains(got.Body, `"groups": "editors"`) {
		t.Errorf("the upstream saw %s", got.Body)
	}
	// The client sends these as they stand.
	for _, path := range []string{"/api/x/%2e%2e/notes", "/api//notes/..%2fx", "/api/a%00b", "/api/..;/x"} {
		if got := s.Get(t, "GET", path, "Authorization", "Bearer "+*editor.AccessToken); got.Status == 200 {
			t.Errorf("%s was let through: %s", path, got.Body)
		}
	}
}

func refresh(t *testing.T, s *harness.Sluice) {
	client, ctx := s.Users(harness.Anonymous), t.Context()
	tokens := signIn(t, s, "rita")
	renew := func() (*cip.InitiateAuthOutput, error) {
		return client.InitiateAuth(ctx, &cip.InitiateAuthInput{
			ClientId: aws.String(harness.Client), AuthFlow: types.AuthFlowTypeRefreshTokenAuth,
			AuthParameters: map[string]string{"REFRESH_TOKEN": *tokens.RefreshToken},
		})
	}
	again, err := renew()
	if err != nil {
		t.Fatal(err)
	}
	before, after := harness.Claims(t, *tokens.AccessToken), harness.Claims(t, *again.AuthenticationResult.AccessToken)
	if before["origin_jti"] != after["origin_jti"] || before["jti"] == after["jti"] || before["auth_time"] != after["auth_time"] {
		t.Errorf("claims before %v and after %v", before, after)
	}
	if again.AuthenticationResult.RefreshToken != nil {
		t.Error("a refresh without rotation answered a refresh token")
	}
	if _, err := client.GetTokensFromRefreshToken(ctx, &cip.GetTokensFromRefreshTokenInput{
		ClientId: aws.String(harness.Client), RefreshToken: tokens.RefreshToken,
	}); err != nil {
		t.Errorf("GetTokensFromRefreshToken: %v", err)
	}
	// RevokeToken ends this family at once, at the edge too, and leaves other sessions alone.
	other := signIn(t, s, "rita")
	if _, err := client.RevokeToken(ctx, &cip.RevokeTokenInput{
		ClientId: aws.String(harness.Client), Token: tokens.RefreshToken,
	}); err != nil {
		t.Fatal(err)
	}
	_, err = renew()
	wantCode(t, "a revoked refresh token", err, "NotAuthorizedException")
	for token, want := range map[*string]int{tokens.AccessToken: 401, again.AuthenticationResult.AccessToken: 401, other.AccessToken: 200} {
		if got := s.Get(t, "GET", "/api/x", "Authorization", "Bearer "+*token); got.Status != want {
			t.Errorf("after RevokeToken: %d, want %d", got.Status, want)
		}
	}
	if _, err := client.GlobalSignOut(ctx, &cip.GlobalSignOutInput{AccessToken: other.AccessToken}); err != nil {
		t.Fatal(err)
	}
	if got := s.Get(t, "GET", "/api/x", "Authorization", "Bearer "+*other.AccessToken); got.Status != 401 {
		t.Errorf("after GlobalSignOut: %d", got.Status)
	}
	_, err = client.GetUser(ctx, &cip.GetUserInput{AccessToken: other.AccessToken})
	wantCode(t, "GetUser after GlobalSignOut", err, "NotAuthorizedException")
}

func identity(t *testing.T, s *harness.Sluice) {
	tokens := signIn(t, s, "eddie")
	first, creds := temporary(t, s, *tokens.IdToken)
	second, _ := temporary(t, s, *tokens.IdToken)
	if first != second {
		t.Errorf("one login has the identities %s and %s", first, second)
	}
	who, err := s.STS(creds).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	if err != nil {
		t.Fatal(err)
	}
	if want := "arn:aws:sts::" + harness.Account + ":assumed-role/notes-user/CognitoIdentityCredentials"; *who.Arn != want {
		t.Errorf("caller %s, want %s", *who.Arn, want)
	}
	_, err = s.Identities(harness.Anonymous).GetId(t.Context(), &cognitoidentity.GetIdInput{
		IdentityPoolId: aws.String(harness.IdentityPool),
		Logins:         map[string]string{loginKey(s): *tokens.AccessToken},
	})
	wantCode(t, "an access token as a login", err, "NotAuthorizedException")
	_, err = s.Identities(harness.Anonymous).GetCredentialsForIdentity(t.Context(), &cognitoidentity.GetCredentialsForIdentityInput{
		IdentityId: &first,
	})
	wantCode(t, "another's identity without a login", err, "NotAuthorizedException")
	// The keys are good for the object store alone, never for administration.
	_, err = s.Users(creds).ListUsers(t.Context(), &cip.ListUsersInput{UserPoolId: aws.String(harness.Pool)})
	wantCode(t, "a user's credentials for administration", err, "AccessDeniedException")
}

func ownPrefix(t *testing.T, s *harness.Sluice, store *harness.S3) {
	ctx := t.Context()
	mine, creds := temporary(t, s, *signIn(t, s, "rita").IdToken)
	theirs, other := temporary(t, s, *signIn(t, s, "eddie").IdToken)
	client, bucket := s.S3(creds), aws.String(harness.Bucket)
	photo := bytes.Repeat([]byte("photo\x00\xff"), 50_000)
	for _, key := range []string{"photo.jpg", "a b+c/ü&=?.txt", "deep/er/file"} {
		key = "users/" + mine + "/" + key
		if _, err := client.PutObject(ctx, &s3.PutObjectInput{
			Bucket: bucket, Key: &key, Body: bytes.NewReader(photo), ContentType: aws.String("image/jpeg"),
		}); err != nil {
			t.Fatalf("put %s: %v", key, err)
		}
		if stored, err := os.ReadFile(filepath.Join(store.Dir, harness.Bucket, filepath.FromSlash(key))); err != nil || !bytes.Equal(stored, photo) {
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

	hers := "users/" + theirs + "/diary"
	if _, err := s.S3(other).PutObject(ctx, &s3.PutObjectInput{Bucket: bucket, Key: &hers, Body: strings.NewReader("dear")}); err != nil {
		t.Fatal(err)
	}
	_, err = client.GetObject(ctx, &s3.GetObjectInput{Bucket: bucket, Key: &hers})
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
	_, err = client.ListBuckets(ctx, &s3.ListBucketsInput{}, func(o *s3.Options) { o.BaseEndpoint = aws.String(s.URL + "/s3/") })
	wantCode(t, "list the buckets", err, "AccessDenied")
	_, err = client.PutObject(ctx, &s3.PutObjectInput{Bucket: bucket, Key: aws.String("users/" + mine + "/../" + theirs + "/diary"), Body: strings.NewReader("x")})
	if err == nil {
		t.Error("a key with .. was taken")
	}
	if stored, err := os.ReadFile(filepath.Join(store.Dir, harness.Bucket, hers)); err != nil || string(stored) != "dear" {
		t.Errorf("another's object is now %q, %v", stored, err)
	}
	if _, err := client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: bucket, Key: aws.String("users/" + mine + "/photo.jpg")}); err != nil {
		t.Errorf("delete one's own: %v", err)
	}
}

func multipart(t *testing.T, s *harness.Sluice) {
	ctx := t.Context()
	mine, creds := temporary(t, s, *signIn(t, s, "eddie").IdToken)
	client, bucket, key := s.S3(creds), aws.String(harness.Bucket), aws.String("users/"+mine+"/film.mp4")
	up, err := client.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: bucket, Key: key})
	if err != nil {
		t.Fatal(err)
	}
	parts := [][]byte{bytes.Repeat([]byte("a"), 5<<20), []byte("the end")}
	var done []s3types.CompletedPart
	for i, part := range parts {
		number := aws.Int32(int32(i + 1))
		got, err := client.UploadPart(ctx, &s3.UploadPartInput{
			Bucket: bucket, Key: key, UploadId: up.UploadId, PartNumber: number, Body: bytes.NewReader(part),
		})
		if err != nil {
			t.Fatalf("part %d: %v", i+1, err)
		}
		done = append(done, s3types.CompletedPart{
			ETag: got.ETag, PartNumber: number, ChecksumCRC32: got.ChecksumCRC32, ChecksumCRC64NVME: got.ChecksumCRC64NVME,
		})
	}
	list, err := client.ListParts(ctx, &s3.ListPartsInput{Bucket: bucket, Key: key, UploadId: up.UploadId})
	if err != nil || len(list.Parts) != 2 {
		t.Errorf("ListParts: %+v, %v", list, err)
	}
	if _, err := client.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{
		Bucket: bucket, Key: key, UploadId: up.UploadId, MultipartUpload: &s3types.CompletedMultipartUpload{Parts: done},
	}); err != nil {
		t.Fatal(err)
	}
	got, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: bucket, Key: key})
	if err != nil {
		t.Fatal(err)
	}
	if body, err := io.ReadAll(got.Body); err != nil || !bytes.Equal(body, slices.Concat(parts...)) {
		t.Errorf("%d bytes, %v", len(body), err)
	}
	up, err = client.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: bucket, Key: key})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: bucket, Key: key, UploadId: up.UploadId}); err != nil {
		t.Errorf("abort: %v", err)
	}
	_, err = client.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: bucket, Key: aws.String("public/film.mp4")})
	wantCode(t, "multipart elsewhere", err, "AccessDenied")
}

func presigned(t *testing.T, s *harness.Sluice) {
	ctx := t.Context()
	mine, creds := temporary(t, s, *signIn(t, s, "rita").IdToken)
	signer, bucket, key := s3.NewPresignClient(s.S3(creds)), aws.String(harness.Bucket), aws.String("users/"+mine+"/shared")
	put, err := signer.PresignPutObject(ctx, &s3.PutObjectInput{Bucket: bucket, Key: key}, s3.WithPresignExpires(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	send := func(method, url, body string, header http.Header) harness.Response {
		req, err := http.NewRequest(method, url, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		for name, values := range header {
			if name != "Host" {
				req.Header[name] = values
			}
		}
		return harness.Do(t, req)
	}
	if got := send("PUT", put.URL, "hello", put.SignedHeader); got.Status != 200 {
		t.Fatalf("put: %d %s", got.Status, got.Body)
	}
	get, err := signer.PresignGetObject(ctx, &s3.GetObjectInput{Bucket: bucket, Key: key}, s3.WithPresignExpires(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	if got := send("GET", get.URL, "", get.SignedHeader); got.Status != 200 || got.Body != "hello" {
		t.Errorf("get: %d %s", got.Status, got.Body)
	}
	for name, url := range map[string]string{
		"for another key":    strings.Replace(get.URL, "shared", "sharec", 1),
		"with more time":     strings.Replace(get.URL, "X-Amz-Expires=60", "X-Amz-Expires=600", 1),
		"for another method": put.URL,
		"without a token":    dropQuery(get.URL, "X-Amz-Security-Token"),
	} {
		if got := send("GET", url, "", nil); got.Status != 403 || !strings.Contains(got.Body, "<Error>") {
			t.Errorf("%s: %d %s", name, got.Status, got.Body)
		}
	}
	foreign, err := signer.PresignGetObject(ctx, &s3.GetObjectInput{Bucket: bucket, Key: aws.String("users/x/y")})
	if err != nil {
		t.Fatal(err)
	}
	if got := send("GET", foreign.URL, "", nil); got.Status != 403 || !strings.Contains(got.Body, "<Code>AccessDenied</Code>") {
		t.Errorf("another's key: %d %s", got.Status, got.Body)
	}
}

func guest(t *testing.T, s *harness.Sluice, store *harness.S3) {
	ctx := t.Context()
	store.Put(t, "public/welcome.txt", "hi")
	id, creds := temporary(t, s, "")
	again, _ := temporary(t, s, "")
	if id == again {
		t.Error("two guests share an identity")
	}
	client, bucket := s.S3(creds), aws.String(harness.Bucket)
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

func administer(t *testing.T, s *harness.Sluice) {
	ctx, admin := t.Context(), s.Users(harness.Admin)
	pool, err := admin.DescribeUserPool(ctx, &cip.DescribeUserPoolInput{UserPoolId: aws.String(harness.Pool)})
	if err != nil || *pool.UserPool.Name != "notes" || len(pool.UserPool.SchemaAttributes) < 20 {
		t.Errorf("DescribeUserPool: %+v, %v", pool, err)
	}
	users, err := admin.ListUsers(ctx, &cip.ListUsersInput{UserPoolId: aws.String(harness.Pool), Filter: aws.String(`email ^= "rita@"`)})
	if err != nil || len(users.Users) != 1 {
		t.Errorf("ListUsers: %+v, %v", users, err)
	}
	members, err := admin.ListUsersInGroup(ctx, &cip.ListUsersInGroupInput{UserPoolId: aws.String(harness.Pool), GroupName: aws.String("readers")})
	if err != nil || len(members.Users) != 1 || *members.Users[0].Username != "rita" {
		t.Errorf("ListUsersInGroup: %+v, %v", members, err)
	}
	made, err := admin.CreateUserPool(ctx, &cip.CreateUserPoolInput{PoolName: aws.String("second")})
	if err != nil {
		t.Fatal(err)
	}
	client, err := admin.CreateUserPoolClient(ctx, &cip.CreateUserPoolClientInput{
		UserPoolId: made.UserPool.Id, ClientName: aws.String("secretive"), GenerateSecret: true,
		ExplicitAuthFlows: []types.ExplicitAuthFlowsType{types.ExplicitAuthFlowsTypeAllowUserPasswordAuth},
	})
	if err != nil || client.UserPoolClient.ClientSecret == nil {
		t.Fatalf("CreateUserPoolClient: %+v, %v", client, err)
	}
	_, err = s.Users(harness.Anonymous).InitiateAuth(ctx, &cip.InitiateAuthInput{
		ClientId: client.UserPoolClient.ClientId, AuthFlow: types.AuthFlowTypeUserPasswordAuth,
		AuthParameters: map[string]string{"USERNAME": "x", "PASSWORD": "y"},
	})
	wantCode(t, "a secret that was not sent", err, "NotAuthorizedException")
	if _, err := admin.DeleteUserPool(ctx, &cip.DeleteUserPoolInput{UserPoolId: made.UserPool.Id}); err != nil {
		t.Errorf("DeleteUserPool: %v", err)
	}
	_, err = admin.DescribeUserPool(ctx, &cip.DescribeUserPoolInput{UserPoolId: made.UserPool.Id})
	wantCode(t, "a pool that is gone", err, "ResourceNotFoundException")
}

func passwordAuth(name, pass string) *cip.InitiateAuthInput {
	return &cip.InitiateAuthInput{
		ClientId: aws.String(harness.Client), AuthFlow: types.AuthFlowTypeUserPasswordAuth,
		AuthParameters: map[string]string{"USERNAME": name, "PASSWORD": pass},
	}
}

// wantCode checks an error's code as the SDK sees it.
func wantCode(t testing.TB, what string, err error, code string) {
	t.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != code {
		t.Errorf("%s: %v, want %s", what, err, code)
	}
}
