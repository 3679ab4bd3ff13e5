package cognitoidp

import (
	"encoding/json"
	"fmt"

	"github.com/sluicegate/sluice/api"
	wire "github.com/sluicegate/sluice/api/cognitoidp"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/assurance"
)

// poolIn reads the settings of a request. The domain keeps them in the wire's own JSON, so the request is its own
// conversion.
func poolIn(in any) (userpool.PoolSettings, string, error) {
	data, err := json.Marshal(in)
	if err != nil {
		return userpool.PoolSettings{}, "", fmt.Errorf("cognitoidp: request: %w", err)
	}
	return userpool.ParsePoolSettings(data)
}

func poolOut(p *userpool.PoolDescription) (*wire.UserPoolType, error) {
	out := &wire.UserPoolType{}
	if err := convert(p.Settings, out); err != nil {
		return nil, err
	}
	if err := convert(p.ShownSchema(), &out.SchemaAttributes); err != nil {
		return nil, err
	}
	names, err := assurance.ReadNames(p.Settings.AcrConfiguration)
	if err != nil {
		names = assurance.Default // kept by a version that did not check it
	}
	if err := convert(names.Configuration(), &out.AcrConfiguration); err != nil {
		return nil, err
	}
	if out.EmailConfiguration == nil { // a pool of an older version, which did not keep the default
		out.EmailConfiguration = &wire.EmailConfigurationType{EmailSendingAccount: new("COGNITO_DEFAULT")}
	}
	if out.LambdaConfig == nil {
		out.LambdaConfig = &wire.LambdaConfigType{}
	}
	out.Id, out.Arn, out.Name = &p.ID, &p.ARN, &p.Name
	out.EstimatedNumberOfUsers = &p.Users
	out.CreationDate, out.LastModifiedDate = api.At(p.CreatedAt), api.At(p.ModifiedAt)
	return out, nil
}

// convert carries a value over by its JSON.
func convert(from, to any) error {
	data, err := json.Marshal(from)
	if err == nil {
		err = json.Unmarshal(data, to)
	}
	if err != nil {
		return fmt.Errorf("cognitoidp: converting %T: %w", from, err)
	}
	return nil
}
