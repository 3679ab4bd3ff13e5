package s3xml

import (
	"bytes"
	"runtime"
	"strings"
	"testing"
)

// The decoder makes 64 bytes of each attribute before Parse sees the element.
func TestADocumentOfManyAttributesTakesNoMemory(t *testing.T) {
	const size = 4 << 20
	for name, text := range map[string]string{
		"empty":      `<Delete ` + strings.Repeat(`a="" `, size/5) + `></Delete>`,
		"namespaces": `<Delete ` + strings.Repeat(`xmlns:a="u" `, size/12) + `/>`,
		"inside":     `<Delete xmlns="u"><Quiet>a</Quiet><![CDATA[<a>]]>` + "<Object " + strings.Repeat(`a=''`, size/4) + `/></Delete>`,
		"mixed":      `<?xml version="1.0"?><Delete b=">" ` + strings.Repeat(`a=">'" `, size/7) + `/>`,
		"unclosed":   `<Delete ` + strings.Repeat(`a="" `, size/5),
	} {
		body := []byte(text)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := Parse(body)
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; err == nil || used > 1<<20 {
			t.Errorf("%s: %d bytes allocated, %v", name, used, err)
		}
	}
}

func TestADocumentMayNameItsSchema(t *testing.T) {
	for _, text := range []string{
		`<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Object><Key>k</Key></Object></Delete>`,
		`<Delete xmlns="u" xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' xsi:schemaLocation="a b" xsi:type=">'"><Object><Key>k</Key></Object></Delete >`,
		`<?xml version="1.0" encoding='UTF-8' standalone="yes"?><Delete><Object><Key>` + strings.Repeat(`dt="1"`, 100) + `</Key></Object></Delete>`,
		`<Delete><Object><Key><![CDATA[<a a="" b="" c="" d="" e="" '>]]></Key></Object></Delete>`,
	} {
		root, err := Parse([]byte(text))
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if !bytes.Contains(root.Encode(), []byte("</Key></Object></Delete>")) {
			t.Errorf("%s is read as %s", text, root.Encode())
		}
	}
}
