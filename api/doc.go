// Package api is the runtime under the generated wire types: what a shape of AWS's API models is, which constraints it
// carries, and how a value is checked against them.
//
// What it does: Service, Operation, Shape and Member describe an API as data (the packages api/cognitoidp,
// api/cognitoidentity, api/sts and api/iam are such data, with a Go struct per structure). Validate checks a decoded
// input against the model and words the answer as AWS does. Format prints a value with its sensitive parts left out.
//
// The structs are made for a server. Every scalar is a pointer and every list or map is nil when the client left the
// member out, because left out means "the default" in AWS's APIs while "" and 0 are values; Value and ValueOr read them,
// new(v) makes them. Enumerated values are plain strings with constants. A member's JSON tag leaves it out when it is
// nil, and keeps an empty list that is not.
//
// What it leaves to others: bytes (api/awsjson, api/awsquery), HTTP (server/awsjson, server/query), and what the
// operations do.
//
// Source: the API models (api-2.json) of AWS's SDK for Go v1.55.8, our overlay in tools/wiregen, and the texts that the
// live services answer.
package api
