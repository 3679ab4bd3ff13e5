package pull

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/smithy-go"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
)

// document returns a structure of the SDK as the API's JSON: the members have the API's names, and null ones are left out.
func document(v any) (map[string]any, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	var doc map[string]any
	if err := json.Unmarshal(data, &doc); err != nil {
		return nil, err
	}
	prune(doc)
	return doc, nil
}

// prune removes null members, and empty texts of members that were not set.
func prune(v any) {
	switch v := v.(type) {
	case map[string]any:
		maps.DeleteFunc(v, func(_ string, member any) bool { return member == nil || member == "" })
		for _, member := range v {
			prune(member)
		}
	case []any:
		for _, member := range v {
			prune(member)
		}
	}
}

// pool makes or updates the pool itself.
func (s *Service) pool(ctx context.Context) error {
	out, err := s.o.Source.DescribeUserPool(ctx, &cip.DescribeUserPoolInput{UserPoolId: &s.in.PoolID})
	if err != nil {
		return fmt.Errorf("reading the settings of user pool %s: %w", s.in.PoolID, err)
	}
	s.source = out.UserPool
	settings, err := s.settings(ctx)
	if err != nil {
		return err
	}
	name := *out.UserPool.Name
	pools := s.o.Provider.Pools
	_, err = pools.Pool(ctx, s.in.PoolID)
	switch {
	case fault.Is(err, fault.ResourceNotFound):
		_, err = pools.InsertPool(ctx, s.in.PoolID, name, settings, false)
	case err == nil:
		err = s.update(ctx, name, settings)
	}
	if err != nil {
		return fmt.Errorf("writing the settings of user pool %s: %w", s.in.PoolID, err)
	}
	for trigger := range settings.LambdaConfig.ARNs() {
		s.report.note("the function of trigger %s: map its ARN with a trigger block (docs/triggers.md)", trigger)
	}
	return nil
}

// update writes the settings of a pool that was pulled before, and its new attributes.
func (s *Service) update(ctx context.Context, name string, settings userpool.PoolSettings) error {
	return s.o.Provider.Pools.ChangePool(ctx, s.in.PoolID, func(rec *store.Pool, old userpool.PoolSettings) (userpool.PoolSettings, error) {
		if rec.Declared {
			s.report.note("the pool's settings: the pool is declared, so they are those of the Caddyfile")
			return old, nil
		}
		if !isNewer(s.source.LastModifiedDate, rec.ModifiedAt) {
			return old, nil
		}
		next := settings
		rec.Name = name
		if err := next.Complete(&old); err != nil {
			return next, err
		}
		for _, a := range settings.Schema {
			if userpool.IsStandard(a.Name) || next.Has(a.FullName()) {
				continue
			}
			var err error
			if next.Schema, err = userpool.AddCustom(slices.Clip(next.Schema), a); err != nil {
				return next, err
			}
		}
		return next, nil
	})
}

// settings reads the settings that DescribeUserPool and related operations return.
func (s *Service) settings(ctx context.Context) (userpool.PoolSettings, error) {
	doc, err := document(s.source)
	if err != nil {
		return userpool.PoolSettings{}, err
	}
	doc["Schema"] = schema(doc["SchemaAttributes"])
	mfa, err := s.o.Source.GetUserPoolMfaConfig(ctx, &cip.GetUserPoolMfaConfigInput{UserPoolId: &s.in.PoolID})
	if err != nil {
		return userpool.PoolSettings{}, fmt.Errorf("reading the MFA settings: %w", err)
	}
	more, err := document(mfa)
	if err != nil {
		return userpool.PoolSettings{}, err
	}
	for _, member := range []string{"EmailMfaConfiguration", "SoftwareTokenMfaConfiguration", "WebAuthnConfiguration"} {
		if more[member] != nil {
			doc[member] = more[member]
		}
	}
	if s.source.UserPoolAddOns != nil && s.source.UserPoolAddOns.AdvancedSecurityMode != "OFF" {
		own, err := s.risk(ctx, nil)
		if err := s.optional("the risk configuration", err); err != nil {
			return userpool.PoolSettings{}, err
		}
		if own != nil {
			doc["RiskConfiguration"] = own
		}
	}
	return parsed(doc, poolSettings)
}

// poolSettings parses the settings of a pool. It leaves out tags that only AWS may set, such as CloudFormation's.
func poolSettings(data json.RawMessage) (userpool.PoolSettings, error) {
	settings, _, err := userpool.ParsePoolSettings(data)
	maps.DeleteFunc(settings.UserPoolTags, func(key, _ string) bool { return strings.HasPrefix(strings.ToLower(key), "aws:") })
	return settings, err
}

// risk reads the risk configuration of the pool, or of an app client.
func (s *Service) risk(ctx context.Context, clientID *string) (map[string]any, error) {
	out, err := s.o.Source.DescribeRiskConfiguration(ctx, &cip.DescribeRiskConfigurationInput{UserPoolId: &s.in.PoolID, ClientId: clientID})
	if err != nil || out.RiskConfiguration == nil {
		return nil, err
	}
	doc, err := document(out.RiskConfiguration)
	delete(doc, "UserPoolId")
	delete(doc, "ClientId")
	delete(doc, "LastModifiedDate")
	if len(doc) == 0 {
		return nil, err
	}
	return doc, err
}

// schema gives custom attributes the names that CreateUserPool takes.
func schema(v any) any {
	list, _ := v.([]any)
	kept := make([]any, 0, len(list))
	for _, a := range list {
		attribute, ok := a.(map[string]any)
		if !ok {
			continue
		}
		name, _ := attribute["Name"].(string)
		if name == userpool.Identities {
			continue
		}
		name = strings.TrimPrefix(strings.TrimPrefix(name, "dev:"), "custom:")
		attribute["Name"] = name
		if userpool.IsStandard(name) {
			delete(attribute, "DeveloperOnlyAttribute")
		}
		kept = append(kept, attribute)
	}
	return kept
}

func parsed[T any](doc map[string]any, parse func(json.RawMessage) (T, error)) (T, error) {
	prune(doc)
	data, err := json.Marshal(doc)
	if err != nil {
		var none T
		return none, err
	}
	return parse(data)
}

// optional reports whether AWS refuses a read for a reason that means there is nothing to read, or nothing that this caller may
// read; settings that were not read are noted.
func (s *Service) optional(what string, err error) error {
	var refused smithy.APIError
	if !errors.As(err, &refused) {
		return err
	}
	switch refused.ErrorCode() {
	case "ResourceNotFoundException", "FeatureUnavailableInTierException", "UserPoolAddOnNotEnabledException", "InvalidParameterException":
		return nil
	case "AccessDeniedException", "UnsupportedOperationException", "NotImplementedException", "UnknownOperationException", "InvalidAction":
		s.report.note("%s: the old pool does not show it (%s)", what, refused.ErrorCode())
		return nil
	}
	return err
}
