package iam

import (
	"encoding/base64"

	"github.com/sluicegate/sluice/api"
	"github.com/sluicegate/sluice/fault"
	domain "github.com/sluicegate/sluice/iam"
	"github.com/sluicegate/sluice/server/rpc"
)

// server holds the functions.
type server struct{ iam *domain.Service }

// Registry returns the functions of IAM; who only wants the names of the operations may pass nil.
func Registry(service *domain.Service) rpc.Registry {
	s := &server{service}
	return rpc.Registry{
		"AttachRolePolicy":              rpc.Handle(s.attachRolePolicy),
		"CreatePolicy":                  rpc.Handle(s.createPolicy),
		"CreateRole":                    rpc.Handle(s.createRole),
		"DeletePolicy":                  rpc.Handle(s.deletePolicy),
		"DeleteRole":                    rpc.Handle(s.deleteRole),
		"DeleteRolePermissionsBoundary": rpc.Handle(s.deleteRolePermissionsBoundary),
		"DeleteRolePolicy":              rpc.Handle(s.deleteRolePolicy),
		"DetachRolePolicy":              rpc.Handle(s.detachRolePolicy),
		"GetPolicy":                     rpc.Handle(s.getPolicy),
		"GetPolicyVersion":              rpc.Handle(s.getPolicyVersion),
		"GetRole":                       rpc.Handle(s.getRole),
		"GetRolePolicy":                 rpc.Handle(s.getRolePolicy),
		"ListAttachedRolePolicies":      rpc.Handle(s.listAttachedRolePolicies),
		"ListPolicies":                  rpc.Handle(s.listPolicies),
		"ListRolePolicies":              rpc.Handle(s.listRolePolicies),
		"ListRoles":                     rpc.Handle(s.listRoles),
		"PutRolePermissionsBoundary":    rpc.Handle(s.putRolePermissionsBoundary),
		"PutRolePolicy":                 rpc.Handle(s.putRolePolicy),
		"TagRole":                       rpc.Handle(s.tagRole),
		"UntagRole":                     rpc.Handle(s.untagRole),
		"UpdateAssumeRolePolicy":        rpc.Handle(s.updateAssumeRolePolicy),
		"UpdateRole":                    rpc.Handle(s.updateRole),
	}
}

// defaultItems is the size of a page when the caller names none.
const defaultItems = 100

// page reads the input of a list.
func page(marker *string, items *int) (after string, limit int, err error) {
	limit = api.ValueOr(items, defaultItems)
	if marker == nil {
		return "", limit, nil
	}
	text, err := base64.RawURLEncoding.DecodeString(*marker)
	if err != nil || len(text) == 0 {
		return "", 0, fault.New(fault.Validation, "Invalid Marker.")
	}
	return string(text), limit, nil
}

// more writes the output of a list: whether there is another page and where it starts.
func more(next string) (truncated *bool, marker *string) {
	if next == "" {
		return new(false), nil
	}
	return new(true), new(base64.RawURLEncoding.EncodeToString([]byte(next)))
}

func some(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
