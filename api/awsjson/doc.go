// Package awsjson reads and writes the bodies of awsJson 1.1.
//
// What it does: Decode fills the struct of a shape from JSON, Encode writes one, EncodeError writes an error.
//
// Decode is strict where AWS is: names are matched by case, numbers are not strings, a fraction is no integer, a list
// holds no null. It is lenient where AWS is: members that the model lacks are ignored, null is a member left out, the last
// of two equal names counts. What AWS leaves open is refused: invalid UTF-8, half a surrogate pair, nesting beyond
// MaxDepth, anything behind the value.
//
// What it leaves to others: constraints (api.Validate), the size of a body, HTTP (server/awsjson).
//
// Source: Smithy's "AWS JSON 1.1 protocol"; RFC 8259; the texts of SerializationException that the live services answer.
package awsjson
