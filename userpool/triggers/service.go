package triggers

import (
	"cmp"
	"context"
	"log/slog"
	"maps"
	"strings"
	"time"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/trigger"
	"github.com/sluicegate/sluice/userpool"
)

// Invoke runs the function with the ARN and returns its output, as Respond of trigger.Functions does.
type Invoke func(ctx context.Context, arn string, event []byte) ([]byte, error)

// Options are what New needs.
type Options struct {
	Invoke  Invoke        // nil finds no function
	Timeout time.Duration // of one run of a function; 0 is AWS's 5 seconds
	Logger  *slog.Logger  // nil discards
}

// Service runs triggers. Its methods may be called from any goroutine.
type Service struct{ o Options }

// New returns a Service.
func New(o Options) *Service {
	o.Timeout = cmp.Or(o.Timeout, 5*time.Second)
	if o.Invoke == nil {
		o.Invoke = (*trigger.Functions)(nil).Respond
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return &Service{o}
}

// Call is the operation for which a trigger runs. Every event describes it.
type Call struct {
	Pool     *userpool.Pool    // whose functions run
	Client   *userpool.Client  // nil if the operation names none
	User     *store.User       // for a name that no user has: a record with the Username only
	Absent   bool              // no user has the name
	Metadata map[string]string // clientMetadata; nil for none
}

// config returns the functions of the call's pool.
func (c *Call) config() userpool.LambdaConfig {
	if config := c.Pool.Settings.LambdaConfig; config != nil {
		return *config
	}
	return userpool.LambdaConfig{}
}

// noClient is the client id of events of operations that name no app client.
const noClient = "CLIENT_ID_NOT_APPLICABLE"

func (c *Call) clientID() string {
	if c.Client == nil {
		return noClient
	}
	return c.Client.ID
}

// region returns the part of the pool's id before "_".
func (c *Call) region() string {
	region, _, _ := strings.Cut(c.Pool.ID, "_")
	return region
}

// userNotFound returns the member of that name, which events have if the client hides user existence.
func (c *Call) userNotFound() *bool {
	if c.Client == nil || !c.Client.HidesExistence {
		return nil
	}
	return &c.Absent
}

// attributes returns the user's attributes as events have them, with sub, status and aliases.
func (c *Call) attributes() map[string]string {
	if c.Absent {
		return map[string]string{}
	}
	attrs := maps.Clone(c.User.Attributes)
	if attrs == nil {
		attrs = map[string]string{}
	}
	attrs["sub"], attrs["cognito:user_status"] = c.User.Sub, c.User.Status
	for _, a := range c.User.Aliases {
		if a.Kind == "email" || a.Kind == "phone_number" {
			attrs["cognito:"+a.Kind+"_alias"] = c.User.Attributes[a.Kind]
		}
	}
	return attrs
}
