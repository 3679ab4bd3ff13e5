// Package api describes AWS APIs as data, and checks and prints values by that description.
//
// The packages api/cognitoidp, api/cognitoidentity, api/sts and api/iam are generated from AWS's models: a Service with its
// Operations and Shapes, and a Go struct for each structure. Validate checks a decoded input against the model and returns
// the messages that AWS returns. Format prints a value without its sensitive parts.
//
// In the structs, every scalar is a pointer, and a list or map is nil if the client left the member out, because AWS's APIs
// distinguish a missing member from "" and 0. Value and ValueOr read such members; new(v), Optional and At make them.
// Enumerated values are strings with constants. JSON tags omit nil members and keep empty lists.
//
// Bodies are encoded and decoded in api/awsjson and api/awsquery.
//
// Source: the API models (api-2.json) of AWS's SDK for Go v1.55.8, our overlay in tools/wiregen, and the messages of the
// live services.
package api
