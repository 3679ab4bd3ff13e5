// Package awsquery decodes the parameters and encodes the answers of the AWS Query protocol.
//
// Decode fills the struct of a shape from form parameters (Tags.member.1.Key=…). Encode and EncodeError write the XML
// documents that STS and IAM send.
//
// Maps and flattened lists do not occur in the operations that Sluice serves; tools/wiregen refuses a model that has them.
// Action and Version are read by server/query, and constraints are checked by api.Validate.
//
// Source: Smithy's "AWS Query protocol"; the XML that STS and IAM send.
package awsquery
