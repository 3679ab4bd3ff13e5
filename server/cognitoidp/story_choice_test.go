package cognitoidp_test

// choices plays sign-ins with USER_AUTH, from a sign-up without a password on.
func choices(b *table) {
	b.play(step{"CreateUserPool", "with first factors", `{"PoolName": "choice", "AutoVerifiedAttributes": ["email"],
		"Policies": {"SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD", "EMAIL_OTP"]}}}`, map[string]string{"pool": "UserPool.Id"}})
	b.play(step{"CreateUserPoolClient", "with a choice", `{"UserPoolId": "{pool}", "ClientName": "web", "PreventUserExistenceErrors": "ENABLED",
		"ExplicitAuthFlows": ["ALLOW_USER_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]}`, map[string]string{"client": "UserPoolClient.ClientId"}})
	b.play(step{"SignUp", "without a password", `{"ClientId": "{client}", "Username": "ida", "UserAttributes": [{"Name": "email", "Value": "ida@example.com"}]}`,
		map[string]string{"sub": "UserSub", "sign-up session": "Session"}})
	b.play(step{"SignUp", "without a password or an address", `{"ClientId": "{client}", "Username": "ivo"}`, nil})
	b.code("code")
	b.play(step{"ConfirmSignUp", "with a session", `{"ClientId": "{client}", "Username": "ida", "ConfirmationCode": "{code}", "Session": "{sign-up session}"}`,
		map[string]string{"confirmed session": "Session"}})
	b.play(step{"InitiateAuth", "with the session of a sign-up", `{"ClientId": "{client}", "AuthFlow": "USER_AUTH", "AuthParameters": {"USERNAME": "ida"},
		"Session": "{confirmed session}"}`, map[string]string{"access": "AuthenticationResult.AccessToken"}})
	b.play(step{"InitiateAuth", "with a used session of a sign-up", `{"ClientId": "{client}", "AuthFlow": "USER_AUTH", "AuthParameters": {"USERNAME": "ida"},
		"Session": "{confirmed session}"}`, nil})

	b.play(step{"GetUserAuthFactors", "a code", `{"AccessToken": "{access}"}`, nil})
	b.play(step{"GetUserAuthFactors", "no token", `{"AccessToken": "a.b.c"}`, nil})
	b.play(step{"AdminGetUserAuthFactors", "a code", `{"UserPoolId": "{pool}", "Username": "ida"}`, nil})
	b.play(step{"AdminGetUserAuthFactors", "unknown user", `{"UserPoolId": "{pool}", "Username": "ivo"}`, nil})

	b.play(step{"AdminSetUserPassword", "of a choice", `{"UserPoolId": "{pool}", "Username": "ida", "Password": "Correct-horse-7", "Permanent": true}`, nil})
	b.play(step{"InitiateAuth", "select challenge", `{"ClientId": "{client}", "AuthFlow": "USER_AUTH", "AuthParameters": {"USERNAME": "ida"}}`,
		map[string]string{"session": "Session"}})
	b.play(step{"RespondToAuthChallenge", "select challenge with email otp", `{"ClientId": "{client}", "ChallengeName": "SELECT_CHALLENGE", "Session": "{session}",
		"ChallengeResponses": {"USERNAME": "ida", "ANSWER": "EMAIL_OTP"}}`, map[string]string{"session": "Session"}})
	b.play(step{"RespondToAuthChallenge", "email otp wrong", `{"ClientId": "{client}", "ChallengeName": "EMAIL_OTP", "Session": "{session}",
		"ChallengeResponses": {"USERNAME": "ida", "EMAIL_OTP_CODE": "x"}}`, nil})
	b.play(step{"AdminInitiateAuth", "preferred password", `{"UserPoolId": "{pool}", "ClientId": "{client}", "AuthFlow": "USER_AUTH",
		"AuthParameters": {"USERNAME": "ida", "PREFERRED_CHALLENGE": "PASSWORD"}}`, map[string]string{"session": "Session"}})
	b.play(step{"AdminRespondToAuthChallenge", "password", `{"UserPoolId": "{pool}", "ClientId": "{client}", "ChallengeName": "PASSWORD", "Session": "{session}",
		"ChallengeResponses": {"USERNAME": "ida", "PASSWORD": "Correct-horse-7"}}`, nil})
	b.play(step{"InitiateAuth", "preferred challenge of an unknown user", `{"ClientId": "{client}", "AuthFlow": "USER_AUTH",
		"AuthParameters": {"USERNAME": "nobody@example.com", "PREFERRED_CHALLENGE": "EMAIL_OTP"}}`, nil})
}
