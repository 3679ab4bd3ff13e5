package e2e

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/aws/smithy-go"

	"github.com/sluicegate/sluice/e2e/harness"
)

// TestKillsAtRandomPointsOfAMixedLoad kills the process with kill -9 while clients create, change and delete users, groups and
// app clients. Each client knows what every one of its objects can be: what the last acknowledged call made of it, or what the
// call made that the kill interrupted. After each restart it reads all of them. SLUICE_SEED repeats a run, and SLUICE_LONG makes
// it longer.
func TestKillsAtRandomPointsOfAMixedLoad(t *testing.T) {
	t.Parallel()
	seed, rounds, most := rand.Uint64(), 4, 60
	if text := os.Getenv("SLUICE_SEED"); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	if os.Getenv("SLUICE_LONG") != "" {
		rounds, most = 30, 400
	}
	t.Logf("SLUICE_SEED=%d", seed)
	s := harness.Start(t, harness.Config{})
	admin := s.Users(harness.Admin)
	pool, err := admin.CreateUserPool(t.Context(), &cip.CreateUserPoolInput{PoolName: aws.String("crash")})
	ok(t, err)
	random := rand.New(rand.NewPCG(seed, 0))
	loads := make([]*crashLoad, 4)
	for i := range loads {
		loads[i] = &crashLoad{t: t, admin: admin, pool: pool.UserPool.Id, name: fmt.Sprint("w", i), random: rand.New(rand.NewPCG(seed, uint64(i)+1)), objects: map[string]*crashObject{}}
	}
	for range rounds {
		var done atomic.Int64
		ctx, stop := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		for _, load := range loads {
			wg.Go(func() { load.run(ctx, &done) })
		}
		at := int64(1 + random.IntN(most))
		s.Await(t, func() bool { return done.Load() >= at })
		s.Kill()
		stop()
		wg.Wait()
		s.Launch(t)
		for _, load := range loads {
			load.check()
		}
		wholePool(t, admin, pool.UserPool.Id)
	}
	left := 0
	for _, load := range loads {
		left += len(load.objects)
	}
	t.Logf("measured: %d kills, %d objects", rounds, left)
}

// crashObject is what an object of a load can be: one state, or two after a call that was not acknowledged.
type crashObject struct {
	kind string   // user, group or client
	id   string   // of a client
	can  []string // states; "" is that it does not exist
}

// crashLoad is one client and the objects that it alone changes.
type crashLoad struct {
	t       *testing.T
	admin   *cip.Client
	pool    *string
	name    string
	random  *rand.Rand
	objects map[string]*crashObject
	made    int
}

// run makes calls until one of them fails because the process was killed.
func (l *crashLoad) run(ctx context.Context, done *atomic.Int64) {
	for ctx.Err() == nil {
		if !l.step(ctx) {
			return
		}
		done.Add(1)
	}
}

// step makes one random call. It returns false if the call was not acknowledged.
func (l *crashLoad) step(ctx context.Context) bool {
	names := slices.Sorted(maps.Keys(l.objects))
	if len(names) < 3 || l.random.IntN(3) == 0 {
		return l.create(ctx)
	}
	name := names[l.random.IntN(len(names))]
	o := l.objects[name]
	switch before := o.can[0]; {
	case before == "":
		delete(l.objects, name)
		return true
	case l.random.IntN(4) == 0:
		return l.call(o, "", l.remove(ctx, name, o))
	default:
		value := fmt.Sprint("v", l.random.IntN(1000))
		return l.call(o, value, l.change(ctx, name, o, value))
	}
}

func (l *crashLoad) create(ctx context.Context) bool {
	l.made++
	name := fmt.Sprint(l.name, "-", l.made)
	o := &crashObject{kind: []string{"user", "user", "group", "client"}[l.random.IntN(4)], can: []string{""}}
	l.objects[name] = o
	var err error
	switch o.kind {
	case "user":
		_, err = l.admin.AdminCreateUser(ctx, &cip.AdminCreateUserInput{UserPoolId: l.pool, Username: &name, MessageAction: types.MessageActionTypeSuppress,
			UserAttributes: []types.AttributeType{{Name: aws.String("name"), Value: aws.String("v")}}})
	case "group":
		_, err = l.admin.CreateGroup(ctx, &cip.CreateGroupInput{UserPoolId: l.pool, GroupName: &name, Description: aws.String("v")})
	case "client":
		var made *cip.CreateUserPoolClientOutput
		if made, err = l.admin.CreateUserPoolClient(ctx, &cip.CreateUserPoolClientInput{UserPoolId: l.pool, ClientName: aws.String(name + " v")}); err == nil {
			o.id = *made.UserPoolClient.ClientId
		} else {
			delete(l.objects, name) // its ID is unknown
		}
	}
	return l.call(o, "v", err)
}

func (l *crashLoad) change(ctx context.Context, name string, o *crashObject, value string) (err error) {
	switch o.kind {
	case "user":
		_, err = l.admin.AdminUpdateUserAttributes(ctx, &cip.AdminUpdateUserAttributesInput{UserPoolId: l.pool, Username: &name,
			UserAttributes: []types.AttributeType{{Name: aws.String("name"), Value: &value}}})
	case "group":
		_, err = l.admin.UpdateGroup(ctx, &cip.UpdateGroupInput{UserPoolId: l.pool, GroupName: &name, Description: &value})
	case "client":
		_, err = l.admin.UpdateUserPoolClient(ctx, &cip.UpdateUserPoolClientInput{UserPoolId: l.pool, ClientId: &o.id, ClientName: aws.String(name + " " + value)})
	}
	return err
}

func (l *crashLoad) remove(ctx context.Context, name string, o *crashObject) (err error) {
	switch o.kind {
	case "user":
		_, err = l.admin.AdminDeleteUser(ctx, &cip.AdminDeleteUserInput{UserPoolId: l.pool, Username: &name})
	case "group":
		_, err = l.admin.DeleteGroup(ctx, &cip.DeleteGroupInput{UserPoolId: l.pool, GroupName: &name})
	case "client":
		_, err = l.admin.DeleteUserPoolClient(ctx, &cip.DeleteUserPoolClientInput{UserPoolId: l.pool, ClientId: &o.id})
	}
	return err
}

// call notes what a call made of an object. A refusal of the API is an error: no other client changes the object.
func (l *crashLoad) call(o *crashObject, state string, err error) bool {
	var refused smithy.APIError
	switch {
	case err == nil:
		o.can = []string{state}
	case errors.As(err, &refused):
		l.t.Errorf("%s: %v", o.kind, err)
	default:
		o.can = append(o.can, state)
	}
	return err == nil
}

// check reads every object, and then knows what it is.
func (l *crashLoad) check() {
	for name, o := range l.objects {
		is, err := l.read(name, o)
		if err != nil {
			l.t.Fatal(err)
		}
		if !slices.Contains(o.can, is) {
			l.t.Errorf("the %s %s is %q, but was acknowledged to be one of %q", o.kind, name, is, o.can)
		}
		o.can = []string{is}
	}
}

func (l *crashLoad) read(name string, o *crashObject) (string, error) {
	ctx := l.t.Context()
	switch o.kind {
	case "user":
		u, err := l.admin.AdminGetUser(ctx, &cip.AdminGetUserInput{UserPoolId: l.pool, Username: &name})
		if _, gone := errors.AsType[*types.UserNotFoundException](err); gone || err != nil {
			return "", unlessGone(err)
		}
		for _, a := range u.UserAttributes {
			if *a.Name == "name" {
				return *a.Value, nil
			}
		}
		return "a user without a name", nil
	case "group":
		g, err := l.admin.GetGroup(ctx, &cip.GetGroupInput{UserPoolId: l.pool, GroupName: &name})
		if err != nil {
			return "", unlessGone(err)
		}
		return aws.ToString(g.Group.Description), nil
	default:
		c, err := l.admin.DescribeUserPoolClient(ctx, &cip.DescribeUserPoolClientInput{UserPoolId: l.pool, ClientId: &o.id})
		if err != nil {
			return "", unlessGone(err)
		}
		return strings.TrimPrefix(*c.UserPoolClient.ClientName, name+" "), nil
	}
}

// unlessGone returns nil for the errors that say that an object does not exist.
func unlessGone(err error) error {
	var refused smithy.APIError
	if errors.As(err, &refused) && slices.Contains([]string{"UserNotFoundException", "ResourceNotFoundException"}, refused.ErrorCode()) {
		return nil
	}
	return err
}

// wholePool checks that what the pool counts and lists agrees.
func wholePool(t *testing.T, admin *cip.Client, pool *string) {
	t.Helper()
	described, err := admin.DescribeUserPool(t.Context(), &cip.DescribeUserPoolInput{UserPoolId: pool})
	ok(t, err)
	seen := map[string]bool{}
	for pages := cip.NewListUsersPaginator(admin, &cip.ListUsersInput{UserPoolId: pool}); pages.HasMorePages(); {
		page, err := pages.NextPage(t.Context())
		ok(t, err)
		for _, u := range page.Users {
			if seen[*u.Username] {
				t.Errorf("%s is listed twice", *u.Username)
			}
			seen[*u.Username] = true
		}
	}
	equal(t, "users", int32(len(seen)), described.UserPool.EstimatedNumberOfUsers)
}
