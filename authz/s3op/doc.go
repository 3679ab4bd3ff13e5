// Package s3op knows the operations of S3: which actions, parameters and headers each has, and how their values are written.
//
// What it does: Find returns the operation of a method and a parameter. Op.Forwards says which headers go to the store with it. HeaderValue
// and the functions for parameters return the one spelling that every store reads alike, or say that a value has none.
//
// What it leaves to others: reading requests, and the actions that headers and bodies need in addition (authz).
//
// Source: the S3 API reference; "Required permissions for Amazon S3 API operations" in the S3 User Guide.
package s3op
