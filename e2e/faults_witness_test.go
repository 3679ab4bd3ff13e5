package e2e

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/sluicegate/sluice/e2e/harness"
)

// witness is one client of a load, with its own users. It records what was acknowledged, and compares all that it reads with the record.
type witness struct {
	t      *testing.T
	name   string
	doors  []door
	door   // of the step in progress
	cut    *outageSpan
	random *rand.Rand
	users  []*seenUser

	done         atomic.Int64 // successful steps
	acknowledged int64        // writes
	seen         map[string]int
	down         time.Time // since when every call failed; zero = the last one succeeded
	longest      time.Duration
	lost, passed int // writes that are missing; requests with revoked tokens that passed
}

// door is one of the processes.
type door struct {
	url         string
	admin, user *cip.Client
}

// outageSpan is when the last fault began and ended, in nanoseconds since 1970; 0 = it has not. It matters when there are several processes: one
// that cannot read the store does not hear of revocations elsewhere (docs/revocation.md).
type outageSpan struct{ began, ended atomic.Int64 }

// unheard reports whether another process may not have heard yet of what happened at a time.
func (o *outageSpan) unheard(at time.Time) bool {
	began, ended := o.began.Load(), o.ended.Load()
	if began == 0 || at.Before(time.Unix(0, began).Add(-hearing)) {
		return false
	}
	return ended == 0 || time.Since(time.Unix(0, ended)) < recovery
}

// hearing is how long a revocation takes to other processes: a second, and what this machine, which has more to do than it can, needs to
// look. recovery is when they have heard of all after a fault.
const (
	hearing  = 5 * time.Second
	recovery = 7 * time.Second
)

// seenUser is a user whose sign-up was acknowledged.
type seenUser struct {
	name   string
	values []string // what the attribute "name" can be: acknowledged, or not answered
	logins []*seenLogin
}

// seenLogin is a sign-in that was answered.
type seenLogin struct {
	access, refresh string
	revoked         time.Time // when the revocation was acknowledged; zero = it was not
	unsure          bool      // a revocation was not answered
}

func newWitness(s *scene, name string, random *rand.Rand) *witness {
	w := &witness{t: s.t, name: name, random: random, seen: map[string]int{}, cut: &s.outage}
	for _, p := range s.processes {
		w.doors = append(w.doors, door{p.URL, p.Users(harness.Admin), p.Users(harness.Anonymous)})
	}
	w.choose()
	return w
}

// choose has the next calls go to a random process.
func (w *witness) choose() { w.door = w.doors[w.random.IntN(len(w.doors))] }

// stepLimit is how long a client waits for an answer.
const stepLimit = 10 * time.Second

// run takes steps until ctx ends.
func (w *witness) run(ctx context.Context) {
	for ctx.Err() == nil {
		began := time.Now()
		err := w.step(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err == nil:
			if !w.down.IsZero() {
				w.longest = max(w.longest, time.Since(w.down))
				w.down = time.Time{}
			}
			w.longest = max(w.longest, time.Since(began))
			w.done.Add(1)
		default:
			if w.down.IsZero() {
				w.down = began
			}
			w.seen[trouble(err)]++
			time.Sleep(50 * time.Millisecond)
		}
	}
}

// trouble names what a user saw of a fault.
func trouble(err error) string {
	var refused smithy.APIError
	var answer *smithyhttp.ResponseError
	switch {
	case errors.As(err, &refused) && errors.As(err, &answer):
		return fmt.Sprintf("%d %s", answer.HTTPStatusCode(), refused.ErrorCode())
	case errors.Is(err, errGate503):
		return "503 at the gate"
	case errors.Is(err, context.DeadlineExceeded):
		return "no answer within 10 s"
	}
	return "no connection"
}

// unavailable reports whether an error says that the service cannot answer now, and nothing else.
func unavailable(err error) bool {
	var refused smithy.APIError
	var answer *smithyhttp.ResponseError
	if errors.As(err, &refused) && errors.As(err, &answer) {
		return answer.HTTPStatusCode() >= 500
	}
	return true
}

// step makes one random call. An error means that the service was not available.
func (w *witness) step(parent context.Context) error {
	ctx, cancel := context.WithTimeout(parent, stepLimit)
	defer cancel()
	w.choose()
	if len(w.users) < 2 || w.random.IntN(8) == 0 {
		return w.signUp(ctx)
	}
	u := w.users[w.random.IntN(len(w.users))]
	if len(u.logins) == 0 {
		return w.signIn(ctx, u)
	}
	login := u.logins[w.random.IntN(len(u.logins))]
	switch w.random.IntN(8) {
	case 0, 1:
		return w.change(ctx, u)
	case 2:
		return w.read(ctx, u)
	case 3:
		return w.signIn(ctx, u)
	case 4:
		return w.revoke(ctx, login)
	case 5, 6:
		return w.renew(ctx, u, login)
	default:
		return w.pass(ctx, u, login)
	}
}

// complain records a violation.
func (w *witness) complain(counter *int, format string, args ...any) {
	*counter++
	w.t.Errorf("%s: %s", w.name, fmt.Sprintf(format, args...))
}

func (w *witness) signUp(ctx context.Context) error {
	name := fmt.Sprintf("%s-%04d-%x", w.name, len(w.users), w.random.Uint32())
	if _, err := w.admin.AdminCreateUser(ctx, &cip.AdminCreateUserInput{UserPoolId: aws.String(harness.Pool), Username: &name, MessageAction: types.MessageActionTypeSuppress,
		UserAttributes: []types.AttributeType{{Name: aws.String("name"), Value: aws.String("v")}, {Name: aws.String("email"), Value: aws.String(name + "@example.com")}}}); err != nil {
		return err
	}
	if _, err := w.admin.AdminSetUserPassword(ctx, &cip.AdminSetUserPasswordInput{UserPoolId: aws.String(harness.Pool), Username: &name, Password: aws.String(password), Permanent: true}); err != nil {
		return err
	}
	w.acknowledged += 2
	w.users = append(w.users, &seenUser{name: name, values: []string{"v"}})
	return nil
}

func (w *witness) change(ctx context.Context, u *seenUser) error {
	value := fmt.Sprint("v", w.random.IntN(1000))
	_, err := w.admin.AdminUpdateUserAttributes(ctx, &cip.AdminUpdateUserAttributesInput{UserPoolId: aws.String(harness.Pool), Username: &u.name,
		UserAttributes: []types.AttributeType{{Name: aws.String("name"), Value: &value}}})
	if err != nil {
		u.values = append(u.values, value)
		return err
	}
	w.acknowledged++
	u.values = []string{value}
	return nil
}

func (w *witness) read(ctx context.Context, u *seenUser) error {
	got, err := w.admin.AdminGetUser(ctx, &cip.AdminGetUserInput{UserPoolId: aws.String(harness.Pool), Username: &u.name})
	if err != nil {
		if !unavailable(err) {
			w.complain(&w.lost, "the user %s: %v", u.name, err)
		}
		return err
	}
	for _, a := range got.UserAttributes {
		if *a.Name != "name" {
			continue
		}
		if !slices.Contains(u.values, *a.Value) {
			w.complain(&w.lost, "the user %s has the value %s, which should be one of %q", u.name, *a.Value, u.values)
		}
		// A call that was not answered may still be on its way, so the others stay possible.
	}
	return nil
}

func (w *witness) signIn(ctx context.Context, u *seenUser) error {
	out, err := w.user.InitiateAuth(ctx, &cip.InitiateAuthInput{ClientId: aws.String(harness.Client), AuthFlow: types.AuthFlowTypeUserPasswordAuth,
		AuthParameters: map[string]string{"USERNAME": u.name, "PASSWORD": password}})
	if err != nil {
		if !unavailable(err) {
			w.complain(&w.lost, "%s cannot sign in: %v", u.name, err)
		}
		return err
	}
	w.acknowledged++
	u.logins = append(u.logins, &seenLogin{access: *out.AuthenticationResult.AccessToken, refresh: *out.AuthenticationResult.RefreshToken})
	return nil
}

func (w *witness) revoke(ctx context.Context, l *seenLogin) error {
	if _, err := w.user.RevokeToken(ctx, &cip.RevokeTokenInput{ClientId: aws.String(harness.Client), Token: &l.refresh}); err != nil {
		l.unsure = true
		return err
	}
	w.acknowledged++
	if l.revoked.IsZero() {
		l.revoked = time.Now()
	}
	return nil
}

// over reports whether a revocation was acknowledged so long ago that every process must refuse the tokens.
func (w *witness) over(l *seenLogin) bool {
	if l.revoked.IsZero() || time.Since(l.revoked) < time.Second {
		return false
	}
	return len(w.doors) == 1 || time.Since(l.revoked) > hearing && !w.cut.unheard(l.revoked)
}

func (w *witness) renew(ctx context.Context, u *seenUser, l *seenLogin) error {
	over, live := w.over(l), l.revoked.IsZero() && !l.unsure
	_, err := w.user.InitiateAuth(ctx, &cip.InitiateAuthInput{ClientId: aws.String(harness.Client), AuthFlow: types.AuthFlowTypeRefreshTokenAuth,
		AuthParameters: map[string]string{"REFRESH_TOKEN": l.refresh}})
	switch {
	case err == nil && over:
		w.complain(&w.passed, "%s: a refresh token that was revoked %s ago was renewed", u.name, time.Since(l.revoked))
	case err != nil && !unavailable(err) && live:
		w.complain(&w.lost, "%s: a refresh token is refused: %v", u.name, err)
	case err != nil && unavailable(err):
		return err
	}
	return nil
}

var errGate503 = errors.New("the gate answered 503")

func (w *witness) pass(ctx context.Context, u *seenUser, l *seenLogin) error {
	over, live := w.over(l), l.revoked.IsZero() && !l.unsure
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, w.url+"/api/x", nil)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+l.access)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	_ = answer.Body.Close()
	switch {
	case answer.StatusCode >= 500:
		return errGate503
	case over && answer.StatusCode != http.StatusUnauthorized:
		w.complain(&w.passed, "%s: an access token that was revoked %s ago got %d", u.name, time.Since(l.revoked), answer.StatusCode)
	case live && answer.StatusCode == http.StatusUnauthorized:
		w.complain(&w.lost, "%s: a token that was not revoked got 401", u.name)
	}
	return nil
}

// checkAll reads back everything that was acknowledged, after the load.
func (w *witness) checkAll() {
	time.Sleep(1100 * time.Millisecond) // the last revocations are in force
	if len(w.doors) > 1 {
		time.Sleep(hearing)
		time.Sleep(time.Until(time.Unix(0, w.cut.ended.Load()).Add(recovery)))
	}
	ctx := w.t.Context()
	for _, u := range w.users {
		w.choose()
		errs := []error{w.read(ctx, u), w.signIn(ctx, u)}
		for _, l := range u.logins {
			w.choose()
			errs = append(errs, w.renew(ctx, u, l), w.pass(ctx, u, l))
		}
		if err := errors.Join(errs...); err != nil {
			w.t.Errorf("%s: after the fault: %v", u.name, err)
		}
	}
}

func sorted(m map[string]int) []string { return slices.Sorted(maps.Keys(m)) }
