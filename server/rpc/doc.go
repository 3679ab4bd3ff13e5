// Package rpc runs the operations of AWS APIs, independent of their protocol.
//
// Handle turns a typed function into an entry of a Registry, and Registry.Check compares the entries with the API's table
// before the server starts. API.Serve takes a call through authentication, decoding, validation, authorization and the
// function. Config and the rest are what the dispatchers of both protocols share: bounded bodies, request ids, CORS, page
// tokens.
//
//	registry := rpc.Registry{
//		"AdminGetUser": rpc.Handle(func(ctx context.Context, c *rpc.Call, in *cognitoidp.AdminGetUserRequest) (
//			*cognitoidp.AdminGetUserResponse, error) { … }),
//		"AdminAddUserToGroup": rpc.Handle(func(ctx context.Context, c *rpc.Call, in *cognitoidp.AdminAddUserToGroupRequest) (
//			*api.Empty, error) { … }),
//	}
//
// The dispatchers encode and decode bodies and name errors (server/awsjson, server/query); the Authorizer decides who may
// call what. Functions return errors of package fault. Any other error becomes an internal error, whose text is logged and
// not sent to the client.
//
// Source: the awsJson 1.1 and awsQuery protocols of Smithy, and the answers of the live services to browsers.
package rpc
