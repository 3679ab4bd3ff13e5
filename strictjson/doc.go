// Package strictjson parses JSON into a tree whose nodes have their position in the text.
//
// It reads files that people write: policies, case files of the policy commands, settings files. encoding/json has no
// positions, accepts duplicate names, and replaces invalid UTF-8, so that two readers of one text could read different
// values.
//
// Two parsers do not use it, because a tree would be too slow: authz/token reads claims without allocating, and
// api/awsjson decodes requests into their types and returns AWS's error texts.
//
// Source: RFC 8259.
package strictjson
