package cognitoidp

import (
	"github.com/sluicegate/sluice/api"
	wire "github.com/sluicegate/sluice/api/cognitoidp"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/directory"
)

// attributesIn converts the attributes of a write. One without a value, which a client that lacks the value sends, must not clear the
// user's: only an empty value does.
//
// Source of the text: aws-saas-factory-eks-reference-architecture#53.
func attributesIn(list []wire.AttributeType) ([]userpool.Attribute, error) {
	for _, a := range list {
		if a.Value == nil {
			return nil, fault.New(fault.InvalidParameter, "Attribute value for %s must not be null", api.Value(a.Name))
		}
	}
	return validationIn(list), nil
}

// validationIn converts ValidationData, which only functions read.
func validationIn(list []wire.AttributeType) []userpool.Attribute {
	out := make([]userpool.Attribute, 0, len(list))
	for _, a := range list {
		out = append(out, userpool.Attribute{Name: api.Value(a.Name), Value: api.Value(a.Value)})
	}
	return out
}

func attributesOut(list []userpool.Attribute) []wire.AttributeType {
	out := make([]wire.AttributeType, 0, len(list))
	for _, a := range list {
		out = append(out, wire.AttributeType{Name: &a.Name, Value: &a.Value})
	}
	return out
}

func userOut(u *directory.User) *wire.UserType {
	return &wire.UserType{Username: &u.Username, Attributes: attributesOut(u.Attributes), Enabled: &u.Enabled, UserStatus: &u.Status,
		UserCreateDate: api.At(u.CreatedAt), UserLastModifiedDate: api.At(u.ModifiedAt)}
}

func usersOut(list []directory.User) []wire.UserType {
	out := make([]wire.UserType, 0, len(list))
	for _, u := range list {
		out = append(out, *userOut(&u))
	}
	return out
}

func deliveryOut(d *directory.Delivery) *wire.CodeDeliveryDetailsType {
	if d == nil {
		return nil
	}
	return &wire.CodeDeliveryDetailsType{AttributeName: &d.Attribute, DeliveryMedium: &d.Medium, Destination: &d.Destination}
}

func groupOut(g *directory.Group) *wire.GroupType {
	out := &wire.GroupType{GroupName: &g.Name, UserPoolId: &g.PoolID, Precedence: g.Precedence,
		CreationDate: api.At(g.CreatedAt), LastModifiedDate: api.At(g.ModifiedAt)}
	if g.Description != "" {
		out.Description = &g.Description
	}
	if g.RoleARN != "" {
		out.RoleArn = &g.RoleARN
	}
	return out
}

func groupsOut(list []directory.Group) []wire.GroupType {
	out := make([]wire.GroupType, 0, len(list))
	for _, g := range list {
		out = append(out, *groupOut(&g))
	}
	return out
}
