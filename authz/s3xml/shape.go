package s3xml

import "bytes"

// maxAttributes is the most attributes of an element. S3's own documents have xmlns; those that name a schema have four.
const maxAttributes = 4

// shapely reports whether no element of the document has more than maxAttributes attributes. The decoder builds all of an element's
// attributes before it returns the element, and makes 64 bytes of the five bytes of `a="" `, so they are counted first. Where the
// decoder finds an error, it ends; up to there both read the document in the same way.
func shapely(body []byte) bool {
	for {
		at := bytes.IndexByte(body, '<')
		if at < 0 {
			return true
		}
		body = body[at:]
		var ok bool
		switch {
		case bytes.HasPrefix(body, []byte("<![CDATA[")):
			body, ok = after(body, "]]>")
		case bytes.HasPrefix(body, []byte("<?")):
			body, ok = after(body, "?>")
		case bytes.HasPrefix(body, []byte("<!")):
			return false // a declaration or a comment, which Parse refuses
		default:
			body, ok = afterTag(body[1:])
		}
		if !ok {
			return false
		}
	}
}

// after returns what follows the first end in the text; false if there is none.
func after(text []byte, end string) ([]byte, bool) {
	_, rest, ok := bytes.Cut(text, []byte(end))
	return rest, ok
}

// afterTag returns what follows the tag; false if it does not end, or has too many attributes. The decoder wants the values of all
// attributes in quotes.
func afterTag(tag []byte) ([]byte, bool) {
	for quoted := 0; ; quoted++ {
		at := bytes.IndexAny(tag, `>"'`)
		if at < 0 {
			return nil, false
		}
		mark := tag[at]
		tag = tag[at+1:]
		if mark == '>' {
			return tag, true
		}
		end := bytes.IndexByte(tag, mark)
		if end < 0 || quoted == maxAttributes {
			return nil, false
		}
		tag = tag[end+1:]
	}
}
