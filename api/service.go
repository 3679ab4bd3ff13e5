package api

import "sort"

// Protocol is how a service speaks.
type Protocol uint8

// The protocols.
const (
	JSON  Protocol = iota // awsJson 1.1: X-Amz-Target and a JSON body
	Query                 // form parameters with Action and Version, XML answers
)

// Service is one API: the table of its operations.
type Service struct {
	ID           string // IAM's name for it, the prefix of its actions: cognito-idp
	Version      string // of the model, and the Version parameter of Query: 2016-04-18
	Protocol     Protocol
	TargetPrefix string // of X-Amz-Target, without the dot; JSON only
	Namespace    string // of the XML answers; Query only

	// ValidationError is the code that a broken constraint of the model answers with.
	ValidationError string

	Operations []Operation // sorted by Name
	Errors     []Error     // sorted by Name
}

// Operation is one call of a service.
type Operation struct {
	Name string

	// Signed says that the call needs a SigV4 signature of someone who may make it. The others authorize by what is in
	// the input (an access token, a client's secret, nothing); a signature sent with them is no harm.
	Signed bool

	Input     *Shape     // never nil; may have no members
	Output    *Shape     // nil: the operation answers nothing ({} in JSON)
	NewInput  func() any // a pointer to the input's struct
	NewOutput func() any // a pointer to the output's struct; nil without output
	Errors    []string   // names of the error shapes that the operation declares, sorted
}

// Error is an error that a model declares.
type Error struct {
	Name   string // of the shape: ExpiredTokenException
	Code   string // on the wire; the same as Name in JSON
	Status int    // HTTP status
}

// Empty is the output of an operation that answers nothing.
type Empty struct{}

// Operation returns the operation with exactly that name, or nil.
func (s *Service) Operation(name string) *Operation {
	i := sort.Search(len(s.Operations), func(i int) bool { return s.Operations[i].Name >= name })
	if i < len(s.Operations) && s.Operations[i].Name == name {
		return &s.Operations[i]
	}
	return nil
}

// Error returns the declared error with exactly that name, or nil.
func (s *Service) Error(name string) *Error {
	i := sort.Search(len(s.Errors), func(i int) bool { return s.Errors[i].Name >= name })
	if i < len(s.Errors) && s.Errors[i].Name == name {
		return &s.Errors[i]
	}
	return nil
}

// Declares reports whether the model lists the error for the operation.
func (o *Operation) Declares(errorName string) bool {
	i := sort.SearchStrings(o.Errors, errorName)
	return i < len(o.Errors) && o.Errors[i] == errorName
}
