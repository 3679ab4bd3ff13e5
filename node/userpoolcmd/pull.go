package userpoolcmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/spf13/cobra"

	"github.com/sluicegate/sluice/awsclient"
	"github.com/sluicegate/sluice/node"
	"github.com/sluicegate/sluice/poolid"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool/pull"
	"github.com/sluicegate/sluice/userpool/relay"
)

// pullOptions are the flags of "sluice user-pool pull".
type pullOptions struct {
	from, region, profile, endpoint string
	relayClient                     string
	relayAdmin, noRelay             bool
	status, finish                  bool
	pool                            string
}

// pullCommand is "sluice user-pool pull".
func pullCommand(t *tool) *cobra.Command {
	var o pullOptions
	cmd := &cobra.Command{
		Use:   "pull --from-aws <pool id> | --status | --finish",
		Short: "Copies a user pool from Amazon Cognito",
		Long: `Reads a user pool of Amazon Cognito through AWS's API and creates the same pool here: IDs, settings, app clients with secrets, groups,
resource servers, identity providers, branding, and users with their sub. An interrupted pull resumes where it stopped; a repeated one
copies what changed. AWS does not reveal passwords: each is migrated at the user's first sign-in, when Sluice asks the old pool.

Credentials are those of the AWS CLI: profile, environment, role. docs/leaving-aws.md lists the permissions that they need.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(t, cmd) },
	}
	f := cmd.Flags()
	f.StringVar(&o.from, "from-aws", "", "the id of the user pool to pull")
	f.StringVar(&o.region, "region", "", "the region of the pool; without it, the first part of its id")
	f.StringVar(&o.profile, "profile", "", "the profile of the AWS configuration")
	f.StringVar(&o.endpoint, "endpoint-url", "", "where the API is, instead of AWS's own endpoint")
	f.StringVar(&o.relayClient, "relay-client", "", "the app client of the old pool that is asked for passwords; without it, the best one is chosen")
	f.BoolVar(&o.relayAdmin, "relay-admin", false, "ask by AdminInitiateAuth, with the access key of the pull, which is kept sealed")
	f.BoolVar(&o.noRelay, "no-relay", false, "do not ask for passwords; users set new ones")
	f.BoolVar(&o.status, "status", false, "show how many passwords are still at the old pool")
	f.BoolVar(&o.finish, "finish", false, "end the pull: the old pool is asked no more, and users who have not signed in must reset their password")
	poolFlag(cmd, &o.pool)
	cmd.MarkFlagsOneRequired("from-aws", "status", "finish")
	cmd.MarkFlagsMutuallyExclusive("from-aws", "status", "finish")
	cmd.MarkFlagsMutuallyExclusive("no-relay", "relay-client")
	cmd.MarkFlagsMutuallyExclusive("no-relay", "relay-admin")
	return cmd
}

func (o *pullOptions) run(t *tool, cmd *cobra.Command) error {
	switch {
	case o.status:
		return t.run(cmd, false, func(ctx context.Context, pools *node.UserPools) error {
			return pullStatus(ctx, pools, cmd.OutOrStdout(), o.pool)
		})
	case o.finish:
		return t.run(cmd, false, func(ctx context.Context, pools *node.UserPools) error {
			return finishPull(ctx, pools, cmd.OutOrStdout(), o.pool)
		})
	case !poolid.IsUserPool(o.from):
		return fmt.Errorf("%q is not the id of a user pool; it has the form us-east-1_AbCdEfGhI", o.from)
	}
	return t.run(cmd, true, func(ctx context.Context, pools *node.UserPools) error { return o.pull(ctx, pools, cmd) })
}

// pull pulls.
func (o *pullOptions) pull(ctx context.Context, pools *node.UserPools, cmd *cobra.Command) error {
	if !pools.Config.Regions().Serves(o.from) {
		return fmt.Errorf("user pool %s is in a region that this Sluice does not serve; add it to the option region", o.from)
	}
	region, _, _ := strings.Cut(o.from, "_")
	in := pull.Request{PoolID: o.from, Region: cmp.Or(o.region, region), NoRelay: o.noRelay, RelayClient: o.relayClient}
	settings, err := awsconfig.LoadDefaultConfig(ctx, awsconfig.WithRegion(in.Region), awsconfig.WithSharedConfigProfile(o.profile),
		awsconfig.WithRetryer(newRetryer))
	if err != nil {
		return fmt.Errorf("AWS credentials: %w", err)
	}
	in.Endpoint = cmp.Or(o.endpoint, aws.ToString(settings.BaseEndpoint))
	if o.relayAdmin {
		if in.Credentials, err = longLived(ctx, settings); err != nil {
			return err
		}
	}
	bar := &progress{out: cmd.ErrOrStderr(), now: time.Now, began: time.Now()}
	s, err := pull.New(pull.Options{Provider: pools.Provider, Progress: bar.show, Source: cip.NewFromConfig(settings, func(c *cip.Options) {
		c.HTTPClient = awsclient.Whole(c.HTTPClient)
		if in.Endpoint != "" {
			c.BaseEndpoint = &in.Endpoint
		}
	})})
	if err != nil {
		return err
	}
	report, err := s.Run(ctx, in)
	bar.end()
	if err != nil {
		return fmt.Errorf("%w\nthe users copied so far are kept; run the command again to continue", err)
	}
	if err := report.Write(cmd.OutOrStdout()); err != nil {
		return err
	}
	fmt.Fprintf(cmd.OutOrStdout(), "the store is %s\n", pools.Where())
	return pullStatus(ctx, pools, cmd.OutOrStdout(), o.from)
}

// newRetryer makes the SDK try again with growing pauses when AWS throttles, for some minutes. It is not the SDK's adaptive mode, which
// waits for a fraction of a token without a pause, and not bound by a quota of retries, which a long pull would use up.
func newRetryer() aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts, o.MaxBackoff, o.RateLimiter = 12, 30*time.Second, ratelimit.None
	})
}

// longLived returns the access key of the AWS configuration, which must not be temporary: the relay uses it for weeks.
func longLived(ctx context.Context, settings aws.Config) (*relay.Credentials, error) {
	c, err := settings.Credentials.Retrieve(ctx)
	switch {
	case err != nil:
		return nil, fmt.Errorf("AWS credentials: %w", err)
	case c.SessionToken != "":
		return nil, errors.New("--relay-admin keeps the access key, and this one is temporary; use the key of an IAM user that may only call AdminInitiateAuth, or allow ALLOW_USER_PASSWORD_AUTH in an app client")
	}
	return &relay.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey}, nil
}

// pullStatus shows who is left: of one pool, or of all that were pulled.
func pullStatus(ctx context.Context, pools *node.UserPools, w io.Writer, pool string) error {
	shown := 0
	err := eachPool(ctx, pools.Storage.Store, func(p store.Pool) error {
		if pool != "" && p.ID != pool && p.Name != pool {
			return nil
		}
		r, err := relay.Load(ctx, pools.Base(), p.ID)
		if err != nil || r == nil {
			return err
		}
		shown++
		left, all, err := pull.Left(ctx, pools.Base(), p.ID)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(w, "user pool %s: %s\n  users: %d, passwords still at the old pool: %d\n  %s\n", p.ID, pullState(r), all, left, relayState(r))
		return err
	})
	if err == nil && shown == 0 {
		_, err = fmt.Fprintln(w, "no user pool was pulled")
	}
	return err
}

func pullState(r *relay.Record) string {
	switch {
	case r.Finished:
		return "finished"
	case r.Ended.IsZero():
		return fmt.Sprintf("interrupted after %d users; run the command again to continue", r.Seen)
	}
	return "pulled " + r.Ended.UTC().Format(time.RFC3339)
}

func relayState(r *relay.Record) string {
	switch {
	case r.Finished:
		return "passwords are no longer verified with the old pool"
	case r.Client == nil:
		return "passwords are not verified with the old pool; users set new ones with ForgotPassword"
	}
	return fmt.Sprintf("each is taken over at a sign-in that sends the password (SRP does not); app client %s verifies it by %s at %s",
		r.Client.ID, r.Client.Flow, cmp.Or(r.Endpoint, "AWS, region "+r.Region))
}

// finishPull ends a pull.
func finishPull(ctx context.Context, pools *node.UserPools, w io.Writer, pool string) error {
	p, err := findPool(ctx, pools.Storage.Store, pool)
	if err != nil {
		return err
	}
	n, err := pull.Finish(ctx, pools.Base(), p.ID)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "user pool %s: passwords are no longer verified with the old pool; %d users must reset their password\n", p.ID, n)
	return err
}

// progress shows how far the users are: a bar on a terminal, a line every ten seconds elsewhere.
type progress struct {
	out   io.Writer
	now   func() time.Time
	last  time.Time
	began time.Time
	bar   bool
}

func (p *progress) show(read, all int) {
	f, ok := p.out.(*os.File)
	if ok {
		info, err := f.Stat()
		ok = err == nil && info.Mode()&os.ModeCharDevice != 0
	}
	every := 10 * time.Second
	if ok {
		every = 200 * time.Millisecond
	}
	now := p.now()
	if now.Sub(p.last) < every {
		return
	}
	p.last = now
	if all = max(all, read); !ok {
		fmt.Fprintf(p.out, "%d of about %d users\n", read, all)
		return
	}
	fmt.Fprint(p.out, "\r\x1b[K"+line(int64(read), int64(all), int64(read), p.last.Sub(p.began)))
	p.bar = true
}

func (p *progress) end() {
	if p.bar {
		fmt.Fprintln(p.out)
	}
}
