package cognitoidp

import (
	"github.com/sluicegate/sluice/api"
	wire "github.com/sluicegate/sluice/api/cognitoidp"
	"github.com/sluicegate/sluice/server/rpc"
	"github.com/sluicegate/sluice/userpool"
)

// clientContext returns what the call and its metadata say about the client.
func (s *server) clientContext(c *rpc.Call, metadata map[string]string) userpool.ClientContext {
	out := userpool.ClientContext{Metadata: metadata, UserAgent: c.Request.UserAgent()}
	if s.clientIP != nil {
		if ip := s.clientIP(c.Request); ip.IsValid() {
			out.Address = ip.String()
		}
	}
	return out
}

// userContext is clientContext for an operation that the user's own client calls.
func (s *server) userContext(c *rpc.Call, metadata map[string]string, analytics *wire.AnalyticsMetadataType, user *wire.UserContextDataType) userpool.ClientContext {
	out := s.clientContext(c, metadata)
	if analytics != nil {
		out.Analytics = api.Value(analytics.AnalyticsEndpointId)
	}
	if user != nil {
		out.Encoded, out.IP = api.Value(user.EncodedData), api.Value(user.IpAddress)
	}
	return out
}

// adminContext is clientContext for an operation that an administrator's server calls for a user.
func (s *server) adminContext(c *rpc.Call, metadata map[string]string, analytics *wire.AnalyticsMetadataType, data *wire.ContextDataType) userpool.ClientContext {
	out := s.userContext(c, metadata, analytics, nil)
	out.Admin = true
	if data == nil {
		return out
	}
	out.Encoded, out.IP = api.Value(data.EncodedData), api.Value(data.IpAddress)
	out.ServerName, out.ServerPath = api.Value(data.ServerName), api.Value(data.ServerPath)
	for _, h := range data.HttpHeaders {
		out.Headers = append(out.Headers, userpool.Header{Name: api.Value(h.HeaderName), Value: api.Value(h.HeaderValue)})
	}
	return out
}
