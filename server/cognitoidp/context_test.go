package cognitoidp

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"reflect"
	"testing"

	wire "github.com/sluicegate/sluice/api/cognitoidp"
	"github.com/sluicegate/sluice/server/rpc"
	"github.com/sluicegate/sluice/userpool"
)

func TestWhatACallSaysAboutItsClientIsPassedOn(t *testing.T) {
	r := httptest.NewRequest("POST", "/", nil)
	r.Header.Set("User-Agent", "amplify/6")
	c := &rpc.Call{Request: r}
	s := &server{clientIP: func(*http.Request) netip.Addr { return netip.MustParseAddr("192.0.2.7") }}
	metadata := map[string]string{"tenant": "blue"}
	analytics := &wire.AnalyticsMetadataType{AnalyticsEndpointId: new("endpoint")}
	for name, tc := range map[string]struct{ got, want userpool.ClientContext }{
		"an operation with metadata only": {s.clientContext(c, metadata),
			userpool.ClientContext{Metadata: metadata, Address: "192.0.2.7", UserAgent: "amplify/6"}},
		"a user's call": {s.userContext(c, metadata, analytics, &wire.UserContextDataType{EncodedData: new("print"), IpAddress: new("198.51.100.1")}),
			userpool.ClientContext{Metadata: metadata, Analytics: "endpoint", Encoded: "print", IP: "198.51.100.1", Address: "192.0.2.7", UserAgent: "amplify/6"}},
		"a user's call without any of it": {s.userContext(c, nil, nil, nil), userpool.ClientContext{Address: "192.0.2.7", UserAgent: "amplify/6"}},
		"an administrator's call": {s.adminContext(c, nil, nil, &wire.ContextDataType{EncodedData: new("print"), IpAddress: new("198.51.100.1"),
			ServerName: new("shop"), ServerPath: new("/login"), HttpHeaders: []wire.HttpHeader{{HeaderName: new("Accept"), HeaderValue: new("*/*")}}}),
			userpool.ClientContext{Encoded: "print", IP: "198.51.100.1", Admin: true, ServerName: "shop", ServerPath: "/login",
				Headers: []userpool.Header{{Name: "Accept", Value: "*/*"}}, Address: "192.0.2.7", UserAgent: "amplify/6"}},
		"an address that is not known": {(&server{clientIP: func(*http.Request) netip.Addr { return netip.Addr{} }}).clientContext(c, nil),
			userpool.ClientContext{UserAgent: "amplify/6"}},
	} {
		t.Run(name, func(t *testing.T) {
			if !reflect.DeepEqual(tc.got, tc.want) {
				t.Errorf("got %+v\nwant %+v", tc.got, tc.want)
			}
		})
	}
}
