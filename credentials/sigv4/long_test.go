package sigv4

import "os"

// rounds returns the number of iterations of a random test: n in a long run (make long), a tenth of it otherwise.
func rounds(n int) int {
	if os.Getenv("SLUICE_LONG") != "" {
		return n
	}
	return n / 10
}
