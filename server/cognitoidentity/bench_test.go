package cognitoidentity_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/credentials/sigv4"
	"github.com/sluicegate/sluice/iam"
	"github.com/sluicegate/sluice/identitypool"
	"github.com/sluicegate/sluice/server/caller/callertest"
)

// BenchmarkGetCredentialsForIdentity measures the call from the handler down, for a login whose token was seen before and for a
// guest, and over HTTP on the loopback interface, including the client. The baseline is a handler that answers the same bytes from
// memory.
func BenchmarkGetCredentialsForIdentity(b *testing.B) {
	w := callertest.New(b)
	p, err := w.Pools.Create(b.Context(), "bench", identitypool.Settings{Guests: true, UserPools: []identitypool.UserPool{{Provider: callertest.LoginKey, ClientID: callertest.Client}}})
	if err != nil {
		b.Fatal(err)
	}
	const own = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::b/${cognito-identity.amazonaws.com:sub}/*"}}`
	if err := w.Pools.SetRoles(b.Context(), p.ID, identitypool.Roles{
		Authenticated: w.Role("user", iam.PoolTrust(p.ID, true), own), Guest: w.Role("guest", iam.PoolTrust(p.ID, false), own),
	}); err != nil {
		b.Fatal(err)
	}
	logins := map[string]string{callertest.LoginKey: w.IDToken("alice", map[string]any{"cognito:groups": []string{"readers"}, "email": "alice@example.com"})}
	body := func(logins map[string]string) string {
		id, err := w.Pools.GetID(b.Context(), p.ID, "", logins)
		if err != nil {
			b.Fatal(err)
		}
		text, err := json.Marshal(map[string]any{"IdentityId": id, "Logins": logins})
		if err != nil {
			b.Fatal(err)
		}
		return string(text)
	}
	for name, text := range map[string]string{"login": body(logins), "guest": body(nil)} {
		b.Run("handler/"+name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if rec := w.Do(w.JSONRequest("GetCredentialsForIdentity", text, sigv4.Credentials{})); rec.Code != http.StatusOK {
					b.Fatal(rec.Body)
				}
			}
		})
	}
	answer := w.Do(w.JSONRequest("GetCredentialsForIdentity", body(logins), sigv4.Credentials{})).Body.Bytes()
	for name, handler := range map[string]http.Handler{
		"http/baseline": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if _, err := io.Copy(io.Discard, r.Body); err != nil {
				b.Error(err)
			}
			if _, err := w.Write(answer); err != nil {
				b.Error(err)
			}
		}),
		"http/login": http.HandlerFunc(w.ServeHTTP),
	} {
		b.Run(name, func(b *testing.B) { overHTTP(b, handler, body(logins)) })
	}
}

func overHTTP(b *testing.B, handler http.Handler, body string) {
	server := httptest.NewServer(handler)
	defer server.Close()
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			r, err := http.NewRequest(http.MethodPost, server.URL, strings.NewReader(body))
			if err != nil {
				b.Error(err)
				return
			}
			r.Header.Set("Content-Type", "application/x-amz-json-1.1")
			r.Header.Set("X-Amz-Target", "AWSCognitoIdentityService.GetCredentialsForIdentity")
			res, err := server.Client().Do(r)
			if err != nil {
				b.Error(err)
				return
			}
			if _, err := io.Copy(io.Discard, res.Body); err != nil || res.StatusCode != http.StatusOK {
				b.Error(res.StatusCode, err)
			}
			if err := res.Body.Close(); err != nil {
				b.Error(err)
			}
		}
	})
}
