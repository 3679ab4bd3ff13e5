package iam

import (
	"maps"

	"github.com/sluicegate/sluice/api"
	"github.com/sluicegate/sluice/fault"
	domain "github.com/sluicegate/sluice/iam"
	"github.com/sluicegate/sluice/server/rpc"
)

// server implements the operations as methods.
type server struct{ iam *domain.Service }

// Registry returns the functions of IAM. service may be nil if only the names of the operations are needed.
func Registry(service *domain.Service) rpc.Registry {
	s := &server{service}
	all := rpc.Registry{
		"AddClientIDToOpenIDConnectProvider":      rpc.Handle(s.addClientIDToOpenIDConnectProvider),
		"AddRoleToInstanceProfile":                rpc.Handle(s.addRoleToInstanceProfile),
		"AttachRolePolicy":                        rpc.Handle(s.attachRolePolicy),
		"CreateInstanceProfile":                   rpc.Handle(s.createInstanceProfile),
		"CreateOpenIDConnectProvider":             rpc.Handle(s.createOpenIDConnectProvider),
		"CreatePolicy":                            rpc.Handle(s.createPolicy),
		"CreatePolicyVersion":                     rpc.Handle(s.createPolicyVersion),
		"CreateRole":                              rpc.Handle(s.createRole),
		"DeleteInstanceProfile":                   rpc.Handle(s.deleteInstanceProfile),
		"DeleteOpenIDConnectProvider":             rpc.Handle(s.deleteOpenIDConnectProvider),
		"DeletePolicy":                            rpc.Handle(s.deletePolicy),
		"DeletePolicyVersion":                     rpc.Handle(s.deletePolicyVersion),
		"DeleteRole":                              rpc.Handle(s.deleteRole),
		"DeleteRolePermissionsBoundary":           rpc.Handle(s.deleteRolePermissionsBoundary),
		"DeleteRolePolicy":                        rpc.Handle(s.deleteRolePolicy),
		"DetachRolePolicy":                        rpc.Handle(s.detachRolePolicy),
		"GetInstanceProfile":                      rpc.Handle(s.getInstanceProfile),
		"GetOpenIDConnectProvider":                rpc.Handle(s.getOpenIDConnectProvider),
		"GetPolicy":                               rpc.Handle(s.getPolicy),
		"GetPolicyVersion":                        rpc.Handle(s.getPolicyVersion),
		"GetRole":                                 rpc.Handle(s.getRole),
		"GetRolePolicy":                           rpc.Handle(s.getRolePolicy),
		"ListAttachedRolePolicies":                rpc.Handle(s.listAttachedRolePolicies),
		"ListEntitiesForPolicy":                   rpc.Handle(s.listEntitiesForPolicy),
		"ListInstanceProfileTags":                 rpc.Handle(s.listInstanceProfileTags),
		"ListInstanceProfiles":                    rpc.Handle(s.listInstanceProfiles),
		"ListInstanceProfilesForRole":             rpc.Handle(s.listInstanceProfilesForRole),
		"ListOpenIDConnectProviderTags":           rpc.Handle(s.listOpenIDConnectProviderTags),
		"ListOpenIDConnectProviders":              rpc.Handle(s.listOpenIDConnectProviders),
		"ListPolicies":                            rpc.Handle(s.listPolicies),
		"ListPolicyTags":                          rpc.Handle(s.listPolicyTags),
		"ListPolicyVersions":                      rpc.Handle(s.listPolicyVersions),
		"ListRolePolicies":                        rpc.Handle(s.listRolePolicies),
		"ListRoleTags":                            rpc.Handle(s.listRoleTags),
		"ListRoles":                               rpc.Handle(s.listRoles),
		"PutRolePermissionsBoundary":              rpc.Handle(s.putRolePermissionsBoundary),
		"PutRolePolicy":                           rpc.Handle(s.putRolePolicy),
		"RemoveClientIDFromOpenIDConnectProvider": rpc.Handle(s.removeClientIDFromOpenIDConnectProvider),
		"RemoveRoleFromInstanceProfile":           rpc.Handle(s.removeRoleFromInstanceProfile),
		"SetDefaultPolicyVersion":                 rpc.Handle(s.setDefaultPolicyVersion),
		"TagInstanceProfile":                      rpc.Handle(s.tagInstanceProfile),
		"TagOpenIDConnectProvider":                rpc.Handle(s.tagOpenIDConnectProvider),
		"TagPolicy":                               rpc.Handle(s.tagPolicy),
		"TagRole":                                 rpc.Handle(s.tagRole),
		"UntagInstanceProfile":                    rpc.Handle(s.untagInstanceProfile),
		"UntagOpenIDConnectProvider":              rpc.Handle(s.untagOpenIDConnectProvider),
		"UntagPolicy":                             rpc.Handle(s.untagPolicy),
		"UntagRole":                               rpc.Handle(s.untagRole),
		"UpdateAssumeRolePolicy":                  rpc.Handle(s.updateAssumeRolePolicy),
		"UpdateOpenIDConnectProviderThumbprint":   rpc.Handle(s.updateOpenIDConnectProviderThumbprint),
		"UpdateRole":                              rpc.Handle(s.updateRole),
		"UpdateRoleDescription":                   rpc.Handle(s.updateRoleDescription),
	}
	maps.Copy(all, s.samlOperations())
	return all
}

// defaultItems is the default of MaxItems.
const defaultItems = 100

// page returns the key after which a page starts and its size.
func page(marker *string, items *int) (after string, limit int, err error) {
	limit = api.ValueOr(items, defaultItems)
	after, ok := rpc.After(marker)
	if !ok {
		return "", 0, fault.New(fault.Validation, "Invalid Marker.")
	}
	return after, limit, nil
}

// more returns IsTruncated and Marker of a list whose next page starts after a key; "" if there is none.
func more(next string) (truncated *bool, marker *string) {
	return new(next != ""), rpc.PageToken(next)
}
