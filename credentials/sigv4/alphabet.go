package sigv4

// alphabet says of each byte whether it may stand in a text that is canonically encoded.
type alphabet struct {
	bytes  [256]uint8
	blocks [32]byte // the same for whole blocks: what a byte's upper four bits say, and its lower four; both must agree
}

// What an alphabet says of a byte. Of whole blocks it says foreign in more ways than one, all below percent.
const (
	foreign = 0x7f
	percent = 0x80
)

var (
	pathAlphabet  = newAlphabet("/")
	queryAlphabet = newAlphabet("&=")
)

// newAlphabet is of the unreserved bytes, the percent sign and others.
func newAlphabet(others string) *alphabet {
	a := &alphabet{}
	allowed := unreserved
	for _, c := range []byte(others) {
		allowed[c] = true
	}
	// Upper halves that forbid the same lower halves share a bit.
	shared := map[uint16]uint8{}
	for upper := range 16 {
		forbidden := uint16(0)
		for lower := range 16 {
			if c := upper<<4 | lower; c == '%' {
				a.bytes[c] = percent
			} else if !allowed[c] {
				a.bytes[c] = foreign
				forbidden |= 1 << lower
			}
		}
		if forbidden == 0 {
			continue
		}
		if shared[forbidden] == 0 {
			shared[forbidden] = 1 << len(shared)
		}
		a.blocks[upper] = shared[forbidden]
		for lower := range 16 {
			if forbidden>>lower&1 != 0 {
				a.blocks[16+lower] |= shared[forbidden]
			}
		}
	}
	a.blocks['%'>>4] |= percent
	a.blocks[16+'%'&15] |= percent
	return a
}

// of is what the alphabet says of a text's bytes, taken together. A session token makes a query long; where there are no
// blocks, looking up eight bytes at a time takes less than deciding on each, and less than arithmetic on words.
func (a *alphabet) of(s string) (found uint8) {
	if len(s) >= blockBytes && haveBlocks {
		return a.ofBlocks(s)
	}
	if len(s) < 8 {
		for i := 0; i < len(s); i++ {
			found |= a.bytes[s[i]]
		}
		return found
	}
	last := s[len(s)-8:] // overlaps what has been looked at already
	for len(s) > 8 {
		found |= a.ofWord(s)
		s = s[8:]
	}
	return found | a.ofWord(last)
}

// ofWord is the same of the first eight bytes.
func (a *alphabet) ofWord(s string) uint8 {
	_ = s[7]
	return a.bytes[s[0]] | a.bytes[s[1]] | a.bytes[s[2]] | a.bytes[s[3]] | a.bytes[s[4]] | a.bytes[s[5]] | a.bytes[s[6]] | a.bytes[s[7]]
}
