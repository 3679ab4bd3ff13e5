package cognitoidp_test

import "time"

// sessions plays the operations on sessions of users.
func sessions(b *table) {
	b.play(step{"GetUserPoolSessionConfiguration", "default", `{"UserPoolId": "{pool}"}`, nil})
	b.play(step{"SetUserPoolClientSessionConfiguration", "not tracked", `{"UserPoolId": "{pool}", "ClientId": "{client}", "SSOSession": {"MaxValidityMinutes": 5}}`, nil})
	b.play(step{"SetUserPoolSessionConfiguration", "enabled", `{"UserPoolId": "{pool}", "UserSessionTracking": "ENABLED", "TokenSession": {"MaxPerUser": 5}}`, nil})
	b.play(step{"SetUserPoolSessionConfiguration", "out of range", `{"UserPoolId": "{pool}", "UserSessionTracking": "ENABLED", "TokenSession": {"MaxPerUser": 101}}`, nil})
	b.play(step{"SetUserPoolSessionConfiguration", "incomplete", `{"UserPoolId": "{pool}", "UserSessionTracking": "ENABLED"}`, nil})
	b.play(step{"GetUserPoolSessionConfiguration", "enabled", `{"UserPoolId": "{pool}"}`, nil})
	b.play(step{"GetUserPoolClientSessionConfiguration", "default", `{"UserPoolId": "{pool}", "ClientId": "{client}"}`, nil})
	b.play(step{"SetUserPoolClientSessionConfiguration", "set", `{"UserPoolId": "{pool}", "ClientId": "{client}", "SSOSession": {"MaxValidityMinutes": 5}}`, nil})
	b.play(step{"GetUserPoolClientSessionConfiguration", "unknown client", `{"UserPoolId": "{pool}", "ClientId": "0nobody0"}`, nil})
	tokens := func(name string, learn map[string]string) {
		b.play(step{"InitiateAuth", name, `{"ClientId": "{client}", "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": {"USERNAME": "alice", "PASSWORD": "Correct-horse"}}`, learn})
	}
	tokens("tracked", map[string]string{"tracked": "AuthenticationResult.AccessToken"})
	b.play(step{"AdminListUserSessions", "one", `{"UserPoolId": "{pool}", "Username": "alice"}`, map[string]string{"session": "Sessions.0.SessionId"}})
	b.forward(time.Minute)
	tokens("tracked again", map[string]string{"tracked2": "AuthenticationResult.AccessToken"})
	b.play(step{"ListUserSessions", "two", `{"AccessToken": "{tracked2}"}`, map[string]string{"session2": "Sessions.0.SessionId"}})
	b.play(step{"AdminListUserSessions", "unknown user", `{"UserPoolId": "{pool}", "Username": "nobody"}`, nil})
	b.play(step{"ListUserSessions", "invalid token", `{"AccessToken": "nope"}`, nil})
	b.play(step{"RevokeUserSession", "own", `{"AccessToken": "{tracked2}", "SessionId": "{session2}"}`, nil})
	b.play(step{"RevokeUserSession", "unknown", `{"AccessToken": "{tracked2}", "SessionId": "tkn0000000000000000000000000"}`, nil})
	b.play(step{"RevokeUserSession", "revoked", `{"AccessToken": "{tracked2}", "SessionId": "{session}", "RevokeAssociatedSessions": "LINKED"}`, nil})
	b.play(step{"GetUser", "session revoked", `{"AccessToken": "{tracked}"}`, nil})
	b.play(step{"AdminRevokeUserSession", "twice", `{"UserPoolId": "{pool}", "Username": "alice", "SessionId": "{session}"}`, nil})
	b.play(step{"AdminRevokeUserSession", "revoked", `{"UserPoolId": "{pool}", "Username": "alice", "SessionId": "{session2}", "RevokeAssociatedSessions": "NONE"}`, nil})
	b.play(step{"SetUserPoolSessionConfiguration", "disabled", `{"UserPoolId": "{pool}", "UserSessionTracking": "DISABLED", "TokenSession": {"MaxPerUser": 20}}`, nil})
}
