package grants

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool/tokens"
)

// clientCredentials is the grant of RFC 6749 section 4.4: the token of a client that acts for itself.
func (s *Service) clientCredentials(ctx context.Context, by *Caller, r *Request) (*Answer, error) {
	c := by.Client
	switch {
	case by.Method == None: // no client without a secret can have the flow; anyone who finds a way gets nothing
		return nil, refuse(InvalidClient, "")
	case !slices.Contains(c.Settings.AllowedOAuthFlows, "client_credentials"):
		return nil, refuse(UnauthorizedClient, "")
	case !c.Settings.AllowedOAuthFlowsUserPoolClient: // observed at AWS
		return nil, refuse(InvalidGrant, "")
	case r.Parameters["resource"] != "":
		return nil, refuse(InvalidRequest, "resource cannot be used with client_credentials.")
	}
	metadata, err := parseMetadata(r.Parameters["aws_client_metadata"])
	if err != nil {
		return nil, err
	}
	scopes, err := machineScopes(by, r.Parameters.scopes())
	if err != nil {
		return nil, err
	}
	if err := s.useMachine(ctx, c); errors.Is(err, store.ErrNotFound) {
		return nil, refuse(InvalidClient, "") // it is gone
	} else if err != nil {
		return nil, err
	}
	set, err := s.o.Tokens.IssueMachine(ctx, tokens.MachineRequest{Pool: by.Pool, Client: c, Scopes: scopes, Metadata: metadata})
	if err != nil {
		return nil, err
	}
	return &Answer{Set: *set}, nil
}

// machineScopes returns which of the scopes a client may have for itself: custom ones that its settings allow and that there still
// are. As at AWS, none asked for means all, and those that are not allowed are left out.
func machineScopes(by *Caller, asked []string) ([]string, error) {
	allowed := slices.DeleteFunc(by.Client.Grants(by.Pool), func(scope string) bool { return !strings.Contains(scope, "/") })
	if len(allowed) == 0 { // observed at AWS
		return nil, refuse(InvalidGrant, "The client has no custom scope.")
	}
	if len(asked) == 0 {
		return allowed, nil
	}
	granted := slices.DeleteFunc(slices.Clone(asked), func(scope string) bool { return !slices.Contains(allowed, scope) })
	if len(granted) == 0 {
		return nil, refuse(InvalidScope, "")
	}
	return granted, nil
}

// parseMetadata parses aws_client_metadata: a JSON object of strings. The value of the form may be encoded once more.
func parseMetadata(text string) (map[string]string, error) {
	if text == "" {
		return nil, nil
	}
	if !strings.HasPrefix(strings.TrimSpace(text), "{") {
		text = unescaped(text)
	}
	var metadata map[string]string
	if err := json.Unmarshal([]byte(text), &metadata); err != nil {
		return nil, &Error{Code: InvalidRequest, Description: "aws_client_metadata is not a JSON object of strings.", cause: err}
	}
	return metadata, nil
}
