package e2e

import (
	"errors"
	"os"
	"regexp"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/sluicegate/sluice/e2e/harness"
)

// watchedPool makes a pool with threat protection in force, an app client and a user.
func watchedPool(t *testing.T, c *sdk) (pool, app string) {
	t.Helper()
	return ownPool(t, c, types.UserPoolTierTypePlus, types.AdvancedSecurityModeTypeEnforced)
}

func (userPools) SetRiskConfiguration(t *testing.T, c *sdk) {
	pool, app := watchedPool(t, c)
	admin := c.users(harness.Admin)
	set := func(pool *string, ranges ...string) error {
		_, err := admin.SetRiskConfiguration(t.Context(), &cip.SetRiskConfigurationInput{UserPoolId: pool,
			RiskExceptionConfiguration: &types.RiskExceptionConfigurationType{BlockedIPRangeList: ranges}})
		return err
	}
	ok(t, set(&pool, "127.0.0.0/8", "::1/128"))
	in := passwordAuth(c.name, password)
	in.ClientId = &app
	_, err := c.users(harness.Anonymous).InitiateAuth(t.Context(), in)
	wantError(t, err, "NotAuthorizedException", "Request not allowed due to security reasons.")
	ok(t, set(&pool))
	signInTo(t, c, app)
	ok(t, set(notesPool)) // without threat protection, it is kept and has no effect
	wantCode(t, "an unknown pool", set(aws.String("us-east-1_nobody")), "ResourceNotFoundException")
}

func (userPools) DescribeRiskConfiguration(t *testing.T, c *sdk) {
	pool, app := watchedPool(t, c)
	admin := c.users(harness.Admin)
	_, err := admin.SetRiskConfiguration(t.Context(), &cip.SetRiskConfigurationInput{UserPoolId: &pool, ClientId: &app,
		CompromisedCredentialsRiskConfiguration: &types.CompromisedCredentialsRiskConfigurationType{
			Actions: &types.CompromisedCredentialsActionsType{EventAction: types.CompromisedCredentialsEventActionTypeBlock}}})
	ok(t, err)
	got, err := admin.DescribeRiskConfiguration(t.Context(), &cip.DescribeRiskConfigurationInput{UserPoolId: &pool, ClientId: &app})
	ok(t, err)
	equal(t, "action", got.RiskConfiguration.CompromisedCredentialsRiskConfiguration.Actions.EventAction, types.CompromisedCredentialsEventActionTypeBlock)
	_, err = admin.DescribeRiskConfiguration(t.Context(), &cip.DescribeRiskConfigurationInput{UserPoolId: &pool, ClientId: aws.String(noClient)})
	wantCode(t, "an unknown client", err, "ResourceNotFoundException")
}

func (userPools) AdminListUserAuthEvents(t *testing.T, c *sdk) {
	pool, app := watchedPool(t, c)
	admin := c.users(harness.Admin)
	events := map[string]bool{}
	for range 3 {
		events[harness.Claims(t, *signInTo(t, c, app).IdToken)["event_id"].(string)] = true
	}
	pages := cip.NewAdminListUserAuthEventsPaginator(admin, &cip.AdminListUserAuthEventsInput{UserPoolId: &pool, Username: &c.name, MaxResults: aws.Int32(2)})
	n := 0
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		ok(t, err)
		for _, e := range page.AuthEvents {
			n++
			if !events[*e.EventId] || e.EventResponse != types.EventResponseTypePass || e.EventType != types.EventTypeSignIn {
				t.Errorf("event %+v", e)
			}
		}
	}
	equal(t, "events", n, 3)
	_, err := admin.AdminListUserAuthEvents(t.Context(), &cip.AdminListUserAuthEventsInput{UserPoolId: &pool, Username: noUser})
	wantCode(t, "an unknown user", err, "UserNotFoundException")
}

func (userPools) AdminUpdateAuthEventFeedback(t *testing.T, c *sdk) {
	pool, app := watchedPool(t, c)
	admin := c.users(harness.Admin)
	id := harness.Claims(t, *signInTo(t, c, app).IdToken)["event_id"].(string)
	in := &cip.AdminUpdateAuthEventFeedbackInput{UserPoolId: &pool, Username: &c.name, EventId: &id, FeedbackValue: types.FeedbackValueTypeInvalid}
	_, err := admin.AdminUpdateAuthEventFeedback(t.Context(), in)
	ok(t, err)
	got, err := admin.AdminListUserAuthEvents(t.Context(), &cip.AdminListUserAuthEventsInput{UserPoolId: &pool, Username: &c.name})
	ok(t, err)
	equal(t, "feedback", got.AuthEvents[0].EventFeedback.FeedbackValue, types.FeedbackValueTypeInvalid)
	in.EventId = aws.String("00000000-0000-4000-8000-000000000000")
	_, err = admin.AdminUpdateAuthEventFeedback(t.Context(), in)
	wantCode(t, "an unknown event", err, "ResourceNotFoundException")
}

func (userPools) UpdateAuthEventFeedback(t *testing.T, c *sdk) {
	pool, app := watchedPool(t, c)
	admin, ctx := c.users(harness.Admin), t.Context()
	_, err := admin.AdminUpdateUserAttributes(ctx, &cip.AdminUpdateUserAttributesInput{UserPoolId: &pool, Username: &c.name, UserAttributes: []types.AttributeType{
		{Name: aws.String("email"), Value: aws.String(c.email())}, {Name: aws.String("email_verified"), Value: aws.String("true")}}})
	ok(t, err)
	mail := &types.NotifyEmailType{Subject: aws.String("a new device"), TextBody: aws.String("{event-id} token={feedback-token}.")}
	low := &types.AccountTakeoverActionType{EventAction: types.AccountTakeoverEventActionTypeNoAction, Notify: true}
	_, err = admin.SetRiskConfiguration(ctx, &cip.SetRiskConfigurationInput{UserPoolId: &pool, AccountTakeoverRiskConfiguration: &types.AccountTakeoverRiskConfigurationType{
		Actions: &types.AccountTakeoverActionsType{LowAction: low, MediumAction: low, HighAction: low},
		NotifyConfiguration: &types.NotifyConfigurationType{SourceArn: aws.String("arn:aws:ses:us-east-1:123456789012:identity/example.com"),
			NoActionEmail: mail, BlockEmail: mail, MfaEmail: mail}}})
	ok(t, err)
	signInTo(t, c, app)
	// Another program is another device.
	out, err := newest(t, c.Sluice, nil, "InitiateAuth", fields{"ClientId": app, "AuthFlow": "USER_PASSWORD_AUTH",
		"AuthParameters": fields{"USERNAME": c.name, "PASSWORD": password}})
	ok(t, err)
	id := harness.Claims(t, out["AuthenticationResult"].(fields)["IdToken"].(string))["event_id"].(string)
	token := feedbackToken(t, c.Sluice, id)
	in := &cip.UpdateAuthEventFeedbackInput{UserPoolId: &pool, Username: &c.name, EventId: &id, FeedbackToken: &token, FeedbackValue: types.FeedbackValueTypeValid}
	_, err = c.users(harness.Anonymous).UpdateAuthEventFeedback(ctx, in)
	ok(t, err)
	in.FeedbackToken = aws.String("x" + token)
	_, err = c.users(harness.Anonymous).UpdateAuthEventFeedback(ctx, in)
	wantCode(t, "a token that was changed", err, "NotAuthorizedException")
}

// feedbackToken waits for the message about an event and returns its token.
func feedbackToken(t *testing.T, s *harness.Sluice, event string) (token string) {
	t.Helper()
	form := regexp.MustCompile(regexp.QuoteMeta(event) + ` token=([\w-]+)\.`)
	s.Await(t, func() bool {
		data, err := os.ReadFile(s.OutboxPath())
		if errors.Is(err, os.ErrNotExist) {
			return false
		}
		ok(t, err)
		found := form.FindSubmatch(data)
		if found != nil {
			token = string(found[1])
		}
		return found != nil
	})
	return token
}
