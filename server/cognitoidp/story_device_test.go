package cognitoidp_test

func trackedDevices(b *table) {
	b.play(step{"CreateUserPool", "tracks devices", `{"PoolName": "tracking", "DeviceConfiguration": {"ChallengeRequiredOnNewDevice": true, "DeviceOnlyRememberedOnUserPrompt": true}}`,
		map[string]string{"tracking": "UserPool.Id"}})
	b.play(step{"CreateUserPoolClient", "tracks devices", `{"UserPoolId": "{tracking}", "ClientName": "web",
		"ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]}`, map[string]string{"phone": "UserPoolClient.ClientId"}})
	b.play(step{"AdminCreateUser", "owner of a device", `{"UserPoolId": "{tracking}", "Username": "dave", "MessageAction": "SUPPRESS"}`, nil})
	b.play(step{"AdminSetUserPassword", "owner of a device", `{"UserPoolId": "{tracking}", "Username": "dave", "Password": "Correct-horse-7", "Permanent": true}`, nil})
	b.play(step{"InitiateAuth", "new device", `{"ClientId": "{phone}", "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": {"USERNAME": "dave", "PASSWORD": "Correct-horse-7"}}`,
		map[string]string{"deviceaccess": "AuthenticationResult.AccessToken", "devicerefresh": "AuthenticationResult.RefreshToken",
			"device": "AuthenticationResult.NewDeviceMetadata.DeviceKey", "devicegroup": "AuthenticationResult.NewDeviceMetadata.DeviceGroupKey"}})
	b.play(step{"InitiateAuth", "device not confirmed", `{"ClientId": "{phone}", "AuthFlow": "REFRESH_TOKEN_AUTH", "AuthParameters": {"REFRESH_TOKEN": "{devicerefresh}", "DEVICE_KEY": "{device}"}}`, nil})
	const foreign = "us-east-1_00000000-0000-4000-8000-000000000000"
	b.play(step{"ConfirmDevice", "foreign key", `{"AccessToken": "{deviceaccess}", "DeviceKey": "` + foreign + `", "DeviceSecretVerifierConfig": {"PasswordVerifier": "AP8=", "Salt": "AP8="}}`, nil})
	b.play(step{"ConfirmDevice", "no verifier", `{"AccessToken": "{deviceaccess}", "DeviceKey": "{device}"}`, nil})
	b.play(step{"ConfirmDevice", "confirmed", `{"AccessToken": "{deviceaccess}", "DeviceKey": "{device}", "DeviceName": "phone", "DeviceSecretVerifierConfig": {"PasswordVerifier": "AP8=", "Salt": "AP8="}}`, nil})
	b.play(step{"ConfirmDevice", "twice", `{"AccessToken": "{deviceaccess}", "DeviceKey": "{device}", "DeviceSecretVerifierConfig": {"PasswordVerifier": "AP8=", "Salt": "AP8="}}`, nil})
	b.play(step{"ListDevices", "none is remembered", `{"AccessToken": "{deviceaccess}", "Limit": 60}`, nil})
	b.play(step{"UpdateDeviceStatus", "remembered", `{"AccessToken": "{deviceaccess}", "DeviceKey": "{device}", "DeviceRememberedStatus": "remembered"}`, nil})
	b.play(step{"UpdateDeviceStatus", "unknown", `{"AccessToken": "{deviceaccess}", "DeviceKey": "` + foreign + `", "DeviceRememberedStatus": "remembered"}`, nil})
	b.play(step{"ListDevices", "remembered", `{"AccessToken": "{deviceaccess}"}`, nil})
	b.play(step{"GetDevice", "found", `{"AccessToken": "{deviceaccess}", "DeviceKey": "{device}"}`, nil})
	b.play(step{"GetDevice", "unknown", `{"AccessToken": "{deviceaccess}", "DeviceKey": "` + foreign + `"}`, nil})
	b.play(step{"AdminGetDevice", "found", `{"UserPoolId": "{tracking}", "Username": "dave", "DeviceKey": "{device}"}`, nil})
	b.play(step{"AdminGetDevice", "unknown user", `{"UserPoolId": "{tracking}", "Username": "nobody", "DeviceKey": "{device}"}`, nil})
	b.play(step{"AdminGetDevice", "pool without tracking", `{"UserPoolId": "{pool}", "Username": "alice", "DeviceKey": "{device}"}`, nil})
	b.play(step{"AdminListDevices", "listed", `{"UserPoolId": "{tracking}", "Username": "dave"}`, nil})
	b.play(step{"AdminListDevices", "foreign token", `{"UserPoolId": "{tracking}", "Username": "dave", "PaginationToken": "AAAA"}`, nil})
	b.play(step{"InitiateAuth", "unknown device", `{"ClientId": "{phone}", "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": {"USERNAME": "dave", "PASSWORD": "Correct-horse-7", "DEVICE_KEY": "` + foreign + `"}}`, nil})
	b.play(step{"InitiateAuth", "device challenge", `{"ClientId": "{phone}", "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": {"USERNAME": "dave", "PASSWORD": "Correct-horse-7", "DEVICE_KEY": "{device}"}}`,
		map[string]string{"devicesession": "Session"}})
	b.play(step{"RespondToAuthChallenge", "device SRP", `{"ClientId": "{phone}", "ChallengeName": "DEVICE_SRP_AUTH", "Session": "{devicesession}",
		"ChallengeResponses": {"USERNAME": "dave", "DEVICE_KEY": "{device}", "SRP_A": "abcdef"}}`, map[string]string{"deviceblock": "ChallengeParameters.SECRET_BLOCK"}})
	b.play(step{"RespondToAuthChallenge", "wrong device proof", `{"ClientId": "{phone}", "ChallengeName": "DEVICE_PASSWORD_VERIFIER",
		"ChallengeResponses": {"USERNAME": "dave", "DEVICE_KEY": "{device}", "PASSWORD_CLAIM_SECRET_BLOCK": "{deviceblock}", "PASSWORD_CLAIM_SIGNATURE": "AAAA",
		"TIMESTAMP": "Sat Nov 21 09:01:00 UTC 2026"}}`, nil})
	b.play(step{"InitiateAuth", "refreshed with a device", `{"ClientId": "{phone}", "AuthFlow": "REFRESH_TOKEN_AUTH", "AuthParameters": {"REFRESH_TOKEN": "{devicerefresh}", "DEVICE_KEY": "{device}"}}`, nil})
	b.play(step{"InitiateAuth", "refreshed without the device", `{"ClientId": "{phone}", "AuthFlow": "REFRESH_TOKEN_AUTH", "AuthParameters": {"REFRESH_TOKEN": "{devicerefresh}", "DEVICE_KEY": null}}`, nil})
	b.play(step{"GetTokensFromRefreshToken", "with a device", `{"ClientId": "{phone}", "RefreshToken": "{devicerefresh}", "DeviceKey": "{device}"}`, nil})
	b.play(step{"AdminUpdateDeviceStatus", "not remembered", `{"UserPoolId": "{tracking}", "Username": "dave", "DeviceKey": "{device}", "DeviceRememberedStatus": "not_remembered"}`, nil})
	b.play(step{"AdminUpdateDeviceStatus", "unknown status", `{"UserPoolId": "{tracking}", "Username": "dave", "DeviceKey": "{device}", "DeviceRememberedStatus": "maybe"}`, nil})
	b.play(step{"ForgetDevice", "forgotten", `{"AccessToken": "{deviceaccess}", "DeviceKey": "{device}"}`, nil})
	b.play(step{"ForgetDevice", "twice", `{"AccessToken": "{deviceaccess}", "DeviceKey": "{device}"}`, nil})
	b.play(step{"AdminForgetDevice", "unknown", `{"UserPoolId": "{tracking}", "Username": "dave", "DeviceKey": "{device}"}`, nil})
	b.play(step{"InitiateAuth", "device forgotten", `{"ClientId": "{phone}", "AuthFlow": "REFRESH_TOKEN_AUTH", "AuthParameters": {"REFRESH_TOKEN": "{devicerefresh}", "DEVICE_KEY": "{device}"}}`, nil})
}
