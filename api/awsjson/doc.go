// Package awsjson encodes and decodes the bodies of awsJson 1.1.
//
// Decode fills the struct of a shape from JSON, Encode writes a struct, and EncodeError writes an error.
//
// Decode is as strict as AWS: names are case-sensitive, strings are not numbers, integers have no fraction, and lists hold no
// null. It is as lenient as AWS: unknown members are ignored, null means that a member is left out, and the last of two
// members of one name counts. Where AWS's behaviour is unknown, Decode refuses: invalid UTF-8, half a surrogate pair, more
// than MaxDepth levels of nesting, text after the value.
//
// Constraints are checked by api.Validate. The caller bounds the size of a body.
//
// Source: Smithy's "AWS JSON 1.1 protocol"; RFC 8259; the messages of the live services' SerializationException.
package awsjson
