package sigv4

import "os"

// rounds returns how often a random test tries: n times in a long run (make long), a tenth of that otherwise.
func rounds(n int) int {
	if os.Getenv("SLUICE_LONG") != "" {
		return n
	}
	return n / 10
}
