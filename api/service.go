package api

import "sort"

// Protocol is the wire protocol of a service.
type Protocol uint8

// The protocols.
const (
	JSON  Protocol = iota // awsJson 1.1: X-Amz-Target and JSON bodies
	Query                 // form parameters with Action and Version; XML answers
)

// Service is an API: its names and the tables of its operations and errors.
type Service struct {
	ID           string   // the prefix of its actions in IAM policies: cognito-idp
	Version      string   // of the model, and the Version parameter of Query: 2016-04-18
	Protocol     Protocol // the zero value is JSON
	TargetPrefix string   // of X-Amz-Target, without the dot; JSON only
	Namespace    string   // of the XML answers; Query only

	// ValidationError is the error code for an input that violates a constraint of the model.
	ValidationError string

	Operations []Operation // sorted by Name
	Errors     []Error     // sorted by Name
}

// Operation is an operation of a service.
type Operation struct {
	Name string // as in the model and on the wire, with capital letter: InitiateAuth

	// Signed means that a call needs a SigV4 signature by a principal with permission. Other operations authorize by their
	// input (an access token, a client secret, or nothing) and ignore a signature.
	Signed bool

	Input     *Shape     // never nil; may have no members
	Output    *Shape     // nil if the operation has no output ({} in JSON)
	NewInput  func() any // a pointer to the input's struct
	NewOutput func() any // a pointer to the output's struct; nil if there is no output
	Errors    []string   // names of the error shapes that the operation declares, sorted
}

// Error is an error that a model declares.
type Error struct {
	Name   string // of the shape: ExpiredTokenException
	Code   string // on the wire; the same as Name in JSON
	Status int    // HTTP status
}

// Empty is the output of an operation that has none.
type Empty struct{}

// Operation returns the operation with a name, or nil. Names are case-sensitive.
func (s *Service) Operation(name string) *Operation {
	i := sort.Search(len(s.Operations), func(i int) bool { return s.Operations[i].Name >= name })
	if i < len(s.Operations) && s.Operations[i].Name == name {
		return &s.Operations[i]
	}
	return nil
}

// Error returns the error whose shape has a name, or nil. Names are case-sensitive.
func (s *Service) Error(name string) *Error {
	i := sort.Search(len(s.Errors), func(i int) bool { return s.Errors[i].Name >= name })
	if i < len(s.Errors) && s.Errors[i].Name == name {
		return &s.Errors[i]
	}
	return nil
}

// Declares reports whether the operation declares the error shape.
func (o *Operation) Declares(errorName string) bool {
	i := sort.SearchStrings(o.Errors, errorName)
	return i < len(o.Errors) && o.Errors[i] == errorName
}
