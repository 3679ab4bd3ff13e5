// Package passing is about requests on their way through a gate: it ends them with their credential, and checks their bodies while
// these arrive.
package passing
