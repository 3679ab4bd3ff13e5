// Package strictjson parses JSON into a tree whose nodes know their place in the text.
//
// It reads what people write: policies, case files of the policy commands, settings files. encoding/json loses positions,
// accepts a name twice, and replaces broken UTF-8, so that two readers of one text may see two things.
//
// Two readers are not built on it, because neither can afford a tree: authz/token reads claims without allocating, and
// api/awsjson decodes requests into their types and fails with AWS's texts.
//
// Source: RFC 8259.
package strictjson
