//go:build !amd64 || purego

package sigv4

// haveBlocks says that nothing is faster here than Go. What follows is never called.
var haveBlocks = false

const blockBytes = 0

func (a *alphabet) ofBlocks(string) uint8 { panic("sigv4: there are no blocks") }

func decodeBlocks(*digest, string) bool { panic("sigv4: there are no blocks") }

func encodeBlocks(*[hexLen]byte, *digest) { panic("sigv4: there are no blocks") }
