package userpool

import "cmp"

// LogConfiguration says where records of a source of events go; see package logs. One of LogGroup, Bucket and Stream is set.
type LogConfiguration struct {
	EventSource string `json:"source"` // userNotification or userAuthEvents
	LogLevel    string `json:"level"`  // ERROR or INFO
	LogGroup    string `json:"group,omitempty"`
	Bucket      string `json:"bucket,omitempty"`
	Stream      string `json:"stream,omitempty"`
}

// ARN returns the ARN of the destination.
func (c *LogConfiguration) ARN() string { return cmp.Or(c.LogGroup, c.Bucket, c.Stream) }

// Replica is the replica of a pool in another region; see package replicas.
type Replica struct {
	// The region in which the pool is served too.
	Region string            `json:"region"`
	Active bool              `json:"active,omitempty"` // serves sign-ins
	Tags   map[string]string `json:"tags,omitempty"`
}
