// Package awsquery reads the parameters and writes the answers of the AWS Query protocol.
//
// What it does: Decode fills the struct of a shape from form parameters (Tags.member.1.Key=…), Encode and EncodeError
// write the XML documents that STS and IAM answer.
//
// What it leaves to others: Action and Version, constraints (api.Validate), HTTP (server/query).
//
// Source: Smithy's "AWS Query protocol"; the XML that STS and IAM answer. Maps and flattened lists do not occur in what
// Sluice serves of these APIs; tools/wiregen refuses a model that has them.
package awsquery
