// Package rpc is what a function behind an AWS operation sees: the call, and the registry in which it stands.
//
// What it does: Handle turns a typed function into an entry of a Registry; Registry.Check compares the entries with the
// API's table before anything is served. Authorizer is the gate that every call passes. The rest is what both wires
// need from HTTP: bounded bodies, request ids, CORS.
//
//	registry := rpc.Registry{
//		"AdminGetUser": rpc.Handle(func(ctx context.Context, c *rpc.Call, in *cognitoidp.AdminGetUserRequest) (
//			*cognitoidp.AdminGetUserResponse, error) { … }),
//		"AdminAddUserToGroup": rpc.Handle(func(ctx context.Context, c *rpc.Call, in *cognitoidp.AdminAddUserToGroupRequest) (
//			*api.Empty, error) { … }),
//	}
//
// What it leaves to others: the bytes on the wire and the names of errors (server/awsjson, server/query), and who may
// call what (the Authorizer). A function returns errors of package fault; what is not one becomes an internal error
// whose text is logged and never answered.
//
// Source: the awsJson 1.1 and awsQuery protocols of Smithy, and what the live services answer to browsers.
package rpc
