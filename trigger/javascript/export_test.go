package javascript

import "time"

// Hurry shortens the times after which a machine counts as lost.
func (o *Options) Hurry() { o.loadTime, o.grace = 300*time.Millisecond, 100*time.Millisecond }
