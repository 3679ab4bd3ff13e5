package api_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/api"
	"github.com/sluicegate/sluice/api/cognitoidentity"
	"github.com/sluicegate/sluice/api/cognitoidp"
	"github.com/sluicegate/sluice/api/iam"
	"github.com/sluicegate/sluice/api/sts"
)

var services = []*api.Service{&cognitoidp.API, &cognitoidentity.API, &sts.API, &iam.API}

// The lists are the published ones. Review a new model or overlay that changes them.
func TestOperationTables(t *testing.T) {
	for _, tc := range []struct {
		service  *api.Service
		count    int
		unsigned string
	}{
		{&cognitoidp.API, 140, `AssociateSoftwareToken ChangePassword CompleteWebAuthnRegistration ConfirmDevice
			ConfirmForgotPassword ConfirmSignUp DeleteUser DeleteUserAttributes DeleteWebAuthnCredential ForgetDevice
			ForgotPassword GetClientToken GetDevice GetTokensFromRefreshToken GetUser GetUserAttributeVerificationCode
			GetUserAuthFactors GlobalSignOut InitiateAuth ListDevices ListUserSessions ListWebAuthnCredentials
			ResendConfirmationCode RespondToAuthChallenge RevokeToken RevokeUserSession SetUserMFAPreference
			SetUserSettings SignUp StartWebAuthnRegistration UpdateAuthEventFeedback UpdateDeviceStatus
			UpdateUserAttributes VerifySoftwareToken VerifyUserAttribute`},
		{&cognitoidentity.API, 23, "GetCredentialsForIdentity GetId GetOpenIdToken UnlinkIdentity"},
		{&sts.API, 8, "AssumeRoleWithSAML AssumeRoleWithWebIdentity"},
		{&iam.API, 60, ""},
	} {
		t.Run(tc.service.ID, func(t *testing.T) {
			if n := len(tc.service.Operations); n != tc.count {
				t.Errorf("%d operations, want %d", n, tc.count)
			}
			var unsigned []string
			for _, op := range tc.service.Operations {
				if !op.Signed {
					unsigned = append(unsigned, op.Name)
				}
			}
			if want := strings.Fields(tc.unsigned); !slices.Equal(unsigned, want) {
				t.Errorf("unsigned:\n%v\nwant\n%v", unsigned, want)
			}
		})
	}
}

func TestTheTablesAgreeWithTheTypes(t *testing.T) {
	for _, s := range services {
		if !slices.IsSortedFunc(s.Operations, func(a, b api.Operation) int { return strings.Compare(a.Name, b.Name) }) {
			t.Errorf("%s: operations are not sorted", s.ID)
		}
		for i := range s.Operations {
			op := &s.Operations[i]
			if s.Operation(op.Name) != op {
				t.Errorf("%s:%s is not found by its name", s.ID, op.Name)
			}
			checkStruct(t, op.Input, reflect.TypeOf(op.NewInput()).Elem())
			if op.Output != nil {
				checkStruct(t, op.Output, reflect.TypeOf(op.NewOutput()).Elem())
			}
			for _, e := range op.Errors {
				if s.Error(e) == nil || !op.Declares(e) {
					t.Errorf("%s:%s: error %s is not in the table", s.ID, op.Name, e)
				}
			}
		}
	}
}

// checkStruct compares a shape with its Go type, recursively.
func checkStruct(t *testing.T, s *api.Shape, goType reflect.Type) {
	t.Helper()
	for goType.Kind() == reflect.Pointer {
		goType = goType.Elem()
	}
	if s.Pattern != nil {
		s.Pattern.Match("") // compiles, or panics
	}
	switch s.Kind {
	case api.Structure:
		if goType.Kind() != reflect.Struct || goType.NumField() != len(s.Members) {
			t.Fatalf("%s: %v has other fields than the shape", s.Name, goType)
		}
		for i := range s.Members {
			m := &s.Members[i]
			f := goType.Field(m.Field)
			if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != m.Name || s.Member(m.Name) != m {
				t.Errorf("%s: member %s is field %s", s.Name, m.Name, f.Name)
			}
			checkStruct(t, m.Shape, f.Type)
		}
	case api.List:
		checkStruct(t, s.Elem, goType.Elem())
	case api.Map:
		checkStruct(t, s.Key, goType.Key())
		checkStruct(t, s.Elem, goType.Elem())
	case api.String:
		if goType.Kind() != reflect.String {
			t.Errorf("%s is a %v", s.Name, goType)
		}
	default:
	}
}

func TestStatusesAreThoseOfTheLiveServices(t *testing.T) {
	for _, tc := range []struct {
		service *api.Service
		name    string
		code    string
		status  int
	}{
		{&cognitoidp.API, "NotAuthorizedException", "NotAuthorizedException", 400}, // the model's trait says 403
		{&cognitoidp.API, "UserNotFoundException", "UserNotFoundException", 400},
		{&cognitoidp.API, "InternalErrorException", "InternalErrorException", 500},
		{&cognitoidentity.API, "ResourceNotFoundException", "ResourceNotFoundException", 400},
		{&sts.API, "IDPRejectedClaimException", "IDPRejectedClaim", 403},
		{&sts.API, "ExpiredTokenException", "ExpiredTokenException", 400},
		{&iam.API, "NoSuchEntityException", "NoSuchEntity", 404},
		{&iam.API, "ServiceFailureException", "ServiceFailure", 500},
	} {
		e := tc.service.Error(tc.name)
		if e == nil || e.Code != tc.code || e.Status != tc.status {
			t.Errorf("%s:%s = %+v, want %s with %d", tc.service.ID, tc.name, e, tc.code, tc.status)
		}
	}
}
