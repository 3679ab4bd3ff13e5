// Package observe says which events of a node are counted.
//
// It counts nothing itself (caddymodule).
package observe
