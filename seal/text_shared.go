package seal

// EncodeText writes src, as DecodeText reads it, into dst, which is as long as the text: four characters for three bytes, two
// or three for one or two that are left.
func EncodeText(dst, src []byte) { encodeText(dst, src) }

// DecodedLen is how many bytes a text of n characters stands for.
func DecodedLen(n int) int { return rawLen(n) }

// DecodeText reads base64url without padding (RFC 4648 section 5), as this package's own tokens are written and JSON Web
// Tokens too, into dst, which is DecodedLen(len(text)) long. It is false for everything but the one spelling that those
// bytes have: for other characters, line ends and padding, for a length that no bytes have, and for bits left over that
// are not zero. dst holds anything then. Its time depends on the text.
func DecodeText(dst []byte, text string) bool { return decodeText(dst, text) }
