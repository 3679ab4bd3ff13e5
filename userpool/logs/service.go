package logs

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"time"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
)

// Options are what New needs. Base and Pools are required.
type Options struct {
	Base     *userpool.Base    // the clock of all user pools
	Pools    *userpool.Service // finds the pool of a message that was not sent
	Delivery *Delivery         // nil delivers nothing
}

// Service keeps the log configurations of pools and makes records. Its methods may be called from any goroutine. A nil Service
// makes none.
type Service struct{ o Options }

// New returns a Service, or an error that names the required option that is missing.
func New(o Options) (*Service, error) {
	if o.Base == nil || o.Pools == nil {
		return nil, errors.New("logs: Options.Base and Options.Pools are required")
	}
	return &Service{o}, nil
}

// The sources of events and their levels, in AWS's words.
const (
	notifications, errorLevel = "userNotification", "ERROR"
	authEvents, infoLevel     = "userAuthEvents", "INFO"
)

// Set replaces the log configurations of a pool. Errors: ResourceNotFound, InvalidParameter, FeatureUnavailableInTier.
func (s *Service) Set(ctx context.Context, poolID string, list []userpool.LogConfiguration) error {
	return s.o.Pools.ChangePool(ctx, poolID, func(_ *store.Pool, settings userpool.PoolSettings) (userpool.PoolSettings, error) {
		seen := map[string]bool{}
		for _, c := range list {
			if seen[c.EventSource] {
				return settings, fault.New(fault.InvalidParameter, "Request validation Failed. Following event sources appear more then once in a request: [%s].", c.EventSource)
			}
			seen[c.EventSource] = true
			if err := check(&settings, c); err != nil {
				return settings, err
			}
		}
		settings.LogConfigurations = append([]userpool.LogConfiguration{}, list...)
		return settings, nil
	})
}

// check checks what AWS documents for each source of events.
func check(settings *userpool.PoolSettings, c userpool.LogConfiguration) error {
	given := 0
	for _, arn := range []string{c.LogGroup, c.Bucket, c.Stream} {
		if arn != "" {
			given++
		}
	}
	switch {
	case c.EventSource == notifications && c.LogLevel != errorLevel, c.EventSource == authEvents && c.LogLevel != infoLevel:
		return fault.New(fault.InvalidParameter, "The log level %s is not valid for the event source %s.", c.LogLevel, c.EventSource)
	case c.EventSource == notifications && (c.LogGroup == "" || given != 1):
		return fault.New(fault.InvalidParameter, "The event source %s requires CloudWatchLogsConfiguration.", notifications)
	case c.EventSource == authEvents && given != 1:
		return fault.New(fault.InvalidParameter, "The event source %s requires exactly one of CloudWatchLogsConfiguration, S3Configuration and FirehoseConfiguration.", authEvents)
	case c.EventSource == authEvents:
		return settings.NeedsPlus("Log Streaming")
	}
	return nil
}

// Get returns the log configurations of a pool. Errors: ResourceNotFound.
func (s *Service) Get(ctx context.Context, poolID string) ([]userpool.LogConfiguration, error) {
	p, err := s.o.Pools.Pool(ctx, poolID)
	if err != nil {
		return nil, err
	}
	return p.Settings.LogConfigurations, nil
}

// record is the form of AWS's records.
type record struct {
	Timestamp string `json:"eventTimestamp"` // milliseconds since 1970
	Source    string `json:"eventSource"`
	Level     string `json:"logLevel"`
	Message   any    `json:"message"`
	LogSource struct {
		PoolID string `json:"userPoolId"`
	} `json:"logSourceId"`
}

// details is the message about a notification.
type details struct {
	Details string `json:"details"`
}

// Activity is the message about an event in a user's history. All members are texts, as at AWS.
type Activity struct {
	Version          string   `json:"version"`                       // "1"; Deliver sets it
	EventID          string   `json:"eventId"`                       // UUID; the event_id claim of the tokens
	EventType        string   `json:"eventType"`                     // SignIn, SignUp, ForgotPassword, PasswordChange or ResendCode
	UserSub          string   `json:"userSub"`                       // UUID
	Username         string   `json:"userName"`                      // as the pool has it
	PoolID           string   `json:"userPoolId"`                    // Deliver sets it
	ClientID         string   `json:"clientId"`                      // "" if the call named none
	CreationDate     string   `json:"creationDate"`                  // in creationForm, UTC; Deliver sets it
	EventResponse    string   `json:"eventResponse"`                 // Pass, Fail or InProgress
	RiskLevel        string   `json:"riskLevel"`                     // Low, Medium or High; "" = no risk
	RiskDecision     string   `json:"riskDecision"`                  // NoRisk, Block or AccountTakeover
	Challenges       []string `json:"challenges"`                    // "<name>:<result>", such as "Password:Success"
	DeviceName       string   `json:"deviceName"`                    // "Chrome 125, Windows 10"
	Address          string   `json:"ipAddress"`                     // "" = not known
	RequestID        string   `json:"requestId"`                     // always ""
	Provider         string   `json:"idpName"`                       // always ""
	Compromised      string   `json:"compromisedCredentialDetected"` // "true" or "false"
	City             string   `json:"city"`                          // always ""
	Country          string   `json:"country"`                       // always ""
	FeedbackValue    string   `json:"eventFeedbackValue"`            // always "", as feedback comes later
	FeedbackDate     string   `json:"eventFeedbackDate"`             // always ""
	FeedbackProvider string   `json:"eventFeedbackProvider"`         // always ""
	HasContextData   string   `json:"hasContextData"`                // "true" if Address is known
}

// creationForm is the form of creationDate: Java's Date.toString.
const creationForm = "Mon Jan 02 15:04:05 MST 2006"

// Deliver delivers an event of a pool's user, if the pool logs it. It takes as long for an event without a user, which is not
// delivered.
func (s *Service) Deliver(p *userpool.Pool, a Activity, at time.Time, exists bool) {
	if s == nil {
		return
	}
	a.Version, a.PoolID, a.CreationDate = "1", p.ID, at.UTC().Format(creationForm)
	if a.Challenges == nil {
		a.Challenges = []string{}
	}
	s.put(p, authEvents, record{Timestamp: millis(at), Source: "USER_AUTH_EVENTS", Level: infoLevel, Message: a}, exists)
}

// NotSent delivers that a message to a user was not sent. It reads the pool, whose configuration may have changed since the message
// was made.
func (s *Service) NotSent(ctx context.Context, poolID, text string) {
	if s == nil {
		return
	}
	p, err := s.o.Pools.Pool(ctx, poolID)
	if err != nil {
		return // the pool is gone, or the next message is logged
	}
	s.put(p, notifications, record{Timestamp: millis(s.o.Base.Now()), Source: "USER_NOTIFICATION", Level: errorLevel, Message: details{text}}, true)
}

func millis(at time.Time) string { return strconv.FormatInt(at.UnixMilli(), 10) }

func (s *Service) put(p *userpool.Pool, source string, r record, deliver bool) {
	if s.o.Delivery == nil {
		return
	}
	for _, c := range p.Settings.LogConfigurations {
		if c.EventSource != source {
			continue
		}
		r.LogSource.PoolID = p.ID
		text, err := json.Marshal(r)
		if err != nil { // cannot happen: strings always encode
			continue
		}
		if deliver {
			s.o.Delivery.Put(c.ARN(), text)
		}
	}
}
