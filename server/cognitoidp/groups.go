package cognitoidp

import (
	"context"

	"github.com/sluicegate/sluice/api"
	wire "github.com/sluicegate/sluice/api/cognitoidp"
	"github.com/sluicegate/sluice/server/rpc"
	"github.com/sluicegate/sluice/userpool/directory"
)

// groupOperations are the operations on groups.
func (s *server) groupOperations() rpc.Registry {
	return rpc.Registry{
		"AdminAddUserToGroup":      rpc.Handle(s.adminAddUserToGroup),
		"AdminListGroupsForUser":   rpc.Handle(s.adminListGroupsForUser),
		"AdminRemoveUserFromGroup": rpc.Handle(s.adminRemoveUserFromGroup),
		"CreateGroup":              rpc.Handle(s.createGroup),
		"DeleteGroup":              rpc.Handle(s.deleteGroup),
		"GetGroup":                 rpc.Handle(s.getGroup),
		"ListGroups":               rpc.Handle(s.listGroups),
		"ListUsersInGroup":         rpc.Handle(s.listUsersInGroup),
		"UpdateGroup":              rpc.Handle(s.updateGroup),
	}
}

func (s *server) createGroup(ctx context.Context, _ *rpc.Call, in *wire.CreateGroupRequest) (*wire.CreateGroupResponse, error) {
	g, err := s.users.CreateGroup(ctx, directory.Group{PoolID: api.Value(in.UserPoolId), Name: api.Value(in.GroupName),
		Description: api.Value(in.Description), RoleARN: api.Value(in.RoleArn), Precedence: in.Precedence})
	if err != nil {
		return nil, err
	}
	return &wire.CreateGroupResponse{Group: groupOut(g)}, nil
}

func (s *server) getGroup(ctx context.Context, _ *rpc.Call, in *wire.GetGroupRequest) (*wire.GetGroupResponse, error) {
	g, err := s.users.GetGroup(ctx, api.Value(in.UserPoolId), api.Value(in.GroupName))
	if err != nil {
		return nil, err
	}
	return &wire.GetGroupResponse{Group: groupOut(g)}, nil
}

func (s *server) updateGroup(ctx context.Context, _ *rpc.Call, in *wire.UpdateGroupRequest) (*wire.UpdateGroupResponse, error) {
	g, err := s.users.UpdateGroup(ctx, api.Value(in.UserPoolId), api.Value(in.GroupName),
		directory.GroupChange{Description: in.Description, RoleARN: in.RoleArn, Precedence: in.Precedence})
	if err != nil {
		return nil, err
	}
	return &wire.UpdateGroupResponse{Group: groupOut(g)}, nil
}

func (s *server) deleteGroup(ctx context.Context, _ *rpc.Call, in *wire.DeleteGroupRequest) (*api.Empty, error) {
	return nil, s.users.DeleteGroup(ctx, api.Value(in.UserPoolId), api.Value(in.GroupName))
}

func (s *server) listGroups(ctx context.Context, _ *rpc.Call, in *wire.ListGroupsRequest) (*wire.ListGroupsResponse, error) {
	pool := api.Value(in.UserPoolId)
	after, size, err := s.pageOf(in.NextToken, in.Limit, "ListGroups", pool)
	if err != nil {
		return nil, err
	}
	list, last, err := s.users.ListGroups(ctx, pool, after, size)
	if err != nil {
		return nil, err
	}
	token, err := s.next(last, "ListGroups", pool)
	return &wire.ListGroupsResponse{Groups: groupsOut(list), NextToken: token}, err
}

func (s *server) adminAddUserToGroup(ctx context.Context, _ *rpc.Call, in *wire.AdminAddUserToGroupRequest) (*api.Empty, error) {
	return nil, s.users.AdminAddUserToGroup(ctx, api.Value(in.UserPoolId), api.Value(in.Username), api.Value(in.GroupName))
}

func (s *server) adminRemoveUserFromGroup(ctx context.Context, _ *rpc.Call, in *wire.AdminRemoveUserFromGroupRequest) (*api.Empty, error) {
	return nil, s.users.AdminRemoveUserFromGroup(ctx, api.Value(in.UserPoolId), api.Value(in.Username), api.Value(in.GroupName))
}

func (s *server) adminListGroupsForUser(ctx context.Context, _ *rpc.Call, in *wire.AdminListGroupsForUserRequest) (*wire.AdminListGroupsForUserResponse, error) {
	pool, name := api.Value(in.UserPoolId), api.Value(in.Username)
	after, size, err := s.pageOf(in.NextToken, in.Limit, "AdminListGroupsForUser", pool, name)
	if err != nil {
		return nil, err
	}
	list, last, err := s.users.AdminListGroupsForUser(ctx, pool, name, after, size)
	if err != nil {
		return nil, err
	}
	token, err := s.next(last, "AdminListGroupsForUser", pool, name)
	return &wire.AdminListGroupsForUserResponse{Groups: groupsOut(list), NextToken: token}, err
}

func (s *server) listUsersInGroup(ctx context.Context, _ *rpc.Call, in *wire.ListUsersInGroupRequest) (*wire.ListUsersInGroupResponse, error) {
	pool, group := api.Value(in.UserPoolId), api.Value(in.GroupName)
	after, size, err := s.pageOf(in.NextToken, in.Limit, "ListUsersInGroup", pool, group)
	if err != nil {
		return nil, err
	}
	list, last, err := s.users.ListUsersInGroup(ctx, pool, group, after, size)
	if err != nil {
		return nil, err
	}
	token, err := s.next(last, "ListUsersInGroup", pool, group)
	return &wire.ListUsersInGroupResponse{Users: usersOut(list), NextToken: token}, err
}
