// Package storeanswer writes what an object store answers to the client, as the client may know it.
//
// Writer changes the names of metadata and the address of a completed upload, and holds back the refusal of a signature that is not
// the client's. It does not call the store (caddymodule).
//
// Source: the Amazon S3 API reference, Error responses and CompleteMultipartUpload.
package storeanswer
