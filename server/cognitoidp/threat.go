package cognitoidp

import (
	"context"
	"net/netip"
	"slices"

	"github.com/sluicegate/sluice/api"
	wire "github.com/sluicegate/sluice/api/cognitoidp"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/server/rpc"
	"github.com/sluicegate/sluice/userpool/risk"
	"github.com/sluicegate/sluice/userpool/threat"
)

// threatOperations are the operations on threat protection.
func (s *server) threatOperations() rpc.Registry {
	return rpc.Registry{
		"AdminListUserAuthEvents":      rpc.Handle(s.adminListUserAuthEvents),
		"AdminUpdateAuthEventFeedback": rpc.Handle(s.adminUpdateAuthEventFeedback),
		"DescribeRiskConfiguration":    rpc.Handle(s.describeRiskConfiguration),
		"SetRiskConfiguration":         rpc.Handle(s.setRiskConfiguration),
		"UpdateAuthEventFeedback":      rpc.Handle(s.updateAuthEventFeedback),
	}
}

func (s *server) setRiskConfiguration(ctx context.Context, _ *rpc.Call, in *wire.SetRiskConfigurationRequest) (*wire.SetRiskConfigurationResponse, error) {
	var c risk.Config
	if err := convert(in, &c); err != nil {
		return nil, err
	}
	if x := c.Exceptions; x != nil { // AWS takes no single addresses; declared settings may have them
		for _, text := range slices.Concat(x.BlockedIPRangeList, x.SkippedIPRangeList) {
			if _, err := netip.ParsePrefix(text); err != nil {
				return nil, fault.New(fault.InvalidParameter, "Incorrect CIDR format")
			}
		}
	}
	c, err := s.threat.SetRiskConfiguration(ctx, api.Value(in.UserPoolId), api.Value(in.ClientId), c)
	if err != nil {
		return nil, err
	}
	out, err := riskOut(in.UserPoolId, in.ClientId, &c)
	return &wire.SetRiskConfigurationResponse{RiskConfiguration: out}, err
}

func (s *server) describeRiskConfiguration(ctx context.Context, _ *rpc.Call, in *wire.DescribeRiskConfigurationRequest) (*wire.DescribeRiskConfigurationResponse, error) {
	c, err := s.threat.RiskConfiguration(ctx, api.Value(in.UserPoolId), api.Value(in.ClientId))
	if err != nil {
		return nil, err
	}
	out, err := riskOut(in.UserPoolId, in.ClientId, &c)
	return &wire.DescribeRiskConfigurationResponse{RiskConfiguration: out}, err
}

// riskOut converts a risk configuration, which the domain keeps in the wire's own JSON.
func riskOut(pool, client *string, c *risk.Config) (*wire.RiskConfigurationType, error) {
	out := &wire.RiskConfigurationType{}
	if err := convert(c, out); err != nil {
		return nil, err
	}
	out.UserPoolId, out.ClientId = pool, client
	if !c.ModifiedAt.IsZero() {
		out.LastModifiedDate = api.At(c.ModifiedAt)
	}
	return out, nil
}

// unknownPlace is what AWS shows for city and country of an address whose place it does not know.
const unknownPlace = "null"

func (s *server) adminListUserAuthEvents(ctx context.Context, _ *rpc.Call, in *wire.AdminListUserAuthEventsRequest) (*wire.AdminListUserAuthEventsResponse, error) {
	size := api.Value(in.MaxResults)
	if size == 0 {
		size = maxPage
	}
	list, next, err := s.threat.List(ctx, api.Value(in.UserPoolId), api.Value(in.Username), api.Value(in.NextToken), size)
	if err != nil {
		return nil, err
	}
	out := &wire.AdminListUserAuthEventsResponse{AuthEvents: make([]wire.AuthEventType, 0, len(list))}
	for _, e := range list {
		out.AuthEvents = append(out.AuthEvents, eventOut(e))
	}
	if next != "" {
		out.NextToken = &next
	}
	return out, nil
}

func eventOut(e threat.Event) wire.AuthEventType {
	out := wire.AuthEventType{EventId: &e.ID, EventType: &e.Type, EventResponse: &e.Response, CreationDate: api.At(e.CreatedAt),
		EventRisk: &wire.EventRiskType{RiskDecision: new(e.Assessment.Decision()), CompromisedCredentialsDetected: &e.Compromised},
		EventContextData: &wire.EventContextDataType{DeviceName: &e.Device, City: new(unknownPlace),
			Country: new(unknownPlace)}}
	if e.Assessment.Level != "" {
		out.EventRisk.RiskLevel = &e.Assessment.Level
	}
	if e.Address != "" {
		out.EventContextData.IpAddress = &e.Address
	}
	for _, c := range e.Challenges {
		out.ChallengeResponses = append(out.ChallengeResponses, wire.ChallengeResponseType{ChallengeName: &c.Name, ChallengeResponse: &c.Response})
	}
	if f := e.Feedback; f != nil {
		out.EventFeedback = &wire.EventFeedbackType{FeedbackValue: &f.Value, Provider: &f.Provider, FeedbackDate: api.At(f.At)}
	}
	return out
}

func (s *server) adminUpdateAuthEventFeedback(ctx context.Context, _ *rpc.Call, in *wire.AdminUpdateAuthEventFeedbackRequest) (*wire.AdminUpdateAuthEventFeedbackResponse, error) {
	return nil, s.threat.AdminFeedback(ctx, api.Value(in.UserPoolId), api.Value(in.Username), api.Value(in.EventId), api.Value(in.FeedbackValue))
}

func (s *server) updateAuthEventFeedback(ctx context.Context, _ *rpc.Call, in *wire.UpdateAuthEventFeedbackRequest) (*wire.UpdateAuthEventFeedbackResponse, error) {
	return nil, s.threat.UserFeedback(ctx, api.Value(in.UserPoolId), api.Value(in.Username), api.Value(in.EventId), api.Value(in.FeedbackToken),
		api.Value(in.FeedbackValue))
}
