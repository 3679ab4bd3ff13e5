package branding

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
)

const svgHead = `<svg xmlns="http://www.w3.org/2000/svg">`

func TestSVGIsWrittenAnew(t *testing.T) {
	for name, tc := range map[string]struct{ svg, want string }{
		"a drawing": {`<?xml version="1.0"?><!-- a --><svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><path d="M0 0" fill="url(#a)"/></svg>`,
			svgHead[:len(svgHead)-1] + ` viewBox="0 0 1 1"><path d="M0 0" fill="url(#a)"></path></svg>`},
		"what editors add": {`<svg xmlns="http://www.w3.org/2000/svg" xmlns:i="http://www.inkscape.org/namespaces/inkscape" i:version="1"><metadata><script/></metadata>` +
			`<i:view><i:more/></i:view><g data-name="x" xml:space="preserve"/></svg>`, svgHead + `<g></g></svg>`},
		"a reference":         {`<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"><use xlink:href="#a"/></svg>`, svgHead + `<use href="#a"></use></svg>`},
		"styles":              {svgHead + `<style>.a,#b{fill:#fff}</style><g style="fill:url('#c')"/></svg>`, svgHead + `<style>.a,#b{fill:#fff;}</style><g style="fill:url(&#39;#c&#39;);"></g></svg>`},
		"styles in a section": {svgHead + `<style><![CDATA[.a{fill:red}]]></style></svg>`, svgHead + `<style>.a{fill:red;}</style></svg>`},
		"text":                {svgHead + `<text>a &lt; b</text></svg>`, svgHead + `<text>a &lt; b</text></svg>`},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := cleanSVG([]byte(tc.svg))
			if err != nil || string(got) != tc.want {
				t.Errorf("got %s, %v; want %s", got, err, tc.want)
			}
		})
	}
}

func TestSVGThatDoesMoreThanDrawIsRefused(t *testing.T) {
	for name, svg := range map[string]string{
		"a script":                       svgHead + `<script>alert(1)</script></svg>`,
		"a script in another case":       svgHead + `<SCRIPT>alert(1)</SCRIPT></svg>`,
		"a script with a prefix":         `<svg xmlns="http://www.w3.org/2000/svg" xmlns:s="http://www.w3.org/2000/svg"><s:script>alert(1)</s:script></svg>`,
		"a script in no namespace":       svgHead + `<script xmlns="">alert(1)</script></svg>`,
		"an event":                       svgHead + `<g onload="alert(1)"/></svg>`,
		"an event of the image":          `<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`,
		"an event in another case":       svgHead + `<g OnClick="alert(1)"/></svg>`,
		"a foreign object":               svgHead + `<foreignObject><body xmlns="http://www.w3.org/1999/xhtml"/></foreignObject></svg>`,
		"an image":                       svgHead + `<image href="https://evil.example/a"/></svg>`,
		"a filter's image":               svgHead + `<filter><feImage href="https://evil.example/a"/></filter></svg>`,
		"a link":                         svgHead + `<a href="javascript:alert(1)"><g/></a></svg>`,
		"an animation":                   svgHead + `<animate attributeName="href" to="javascript:alert(1)"/></svg>`,
		"a set":                          svgHead + `<set attributeName="onclick" to="alert(1)"/></svg>`,
		"use of another document":        svgHead + `<use href="https://evil.example/a#b"/></svg>`,
		"use of data":                    svgHead + `<use href="data:image/svg+xml,x#b"/></svg>`,
		"a script as a reference":        svgHead + `<use href="javascript:alert(1)"/></svg>`,
		"an undeclared prefix":           svgHead + `<use xlink:href="#a"/></svg>`,
		"a fill of another document":     svgHead + `<g fill="url(https://evil.example/a#b)"/></svg>`,
		"a fill after a local one":       svgHead + `<g fill="url(#a) url( '//evil.example' )"/></svg>`,
		"a fill with an escape":          svgHead + `<g fill="u\72l(//evil.example)"/></svg>`,
		"an import":                      svgHead + `<style>@import "//evil.example/a.css";</style></svg>`,
		"a style that loads":             svgHead + `<g style="fill:url(//evil.example)"/></svg>`,
		"an element in styles":           svgHead + `<style>.a{}<g/></style></svg>`,
		"the end of styles":              svgHead + `<style>.a{fill:red}&lt;/style>&lt;script></style></svg>`,
		"a document type":                `<!DOCTYPE svg [<!ENTITY a "b">]>` + svgHead + `</svg>`,
		"a document type of the network": `<!DOCTYPE svg SYSTEM "https://evil.example/a">` + svgHead + `</svg>`,
		"an entity":                      svgHead + `&a;</svg>`,
		"another encoding":               `<?xml version="1.0" encoding="utf-7"?>` + svgHead + `</svg>`,
		"HTML":                           `<html><script>alert(1)</script></html>`,
		"an image without its namespace": `<svg><g/></svg>`,
		"nothing":                        ``,
		"text":                           `hello`,
		"something after the image":      svgHead + `</svg><script/>`,
		"an unclosed image":              svgHead + `<g>`,
		"an attribute given twice":       svgHead + `<g id="a" id="b"/></svg>`,
		"deep nesting":                   svgHead + strings.Repeat("<g>", 100) + strings.Repeat("</g>", 100) + `</svg>`,
		"many elements":                  svgHead + strings.Repeat("<g/>", 20_001) + `</svg>`,
		"a NUL":                          svgHead + "\x00</svg>",
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := cleanSVG([]byte(svg)); err == nil {
				t.Errorf("accepted as %s", got)
			}
		})
	}
}

func FuzzSVG(f *testing.F) {
	for _, seed := range []string{svgHead + `<g id="a" fill="url(#a)" style="fill:red">a<!-- b --></g></svg>`, svgHead + `<style>.a{fill:red}</style><use href="#a"/></svg>`,
		svgHead + `<script>a</script></svg>`, `<s:svg xmlns:s="http://www.w3.org/2000/svg" xmlns:t="a/b"><t:x/><s:g/></s:svg>`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		clean, err := cleanSVG(data)
		if err != nil {
			return
		}
		again, err := cleanSVG(clean)
		if err != nil || string(again) != string(clean) {
			t.Errorf("%q became %q, and that %q, %v", data, clean, again, err)
		}
		onlyDraws(t, clean)
	})
}

// onlyDraws reads an image with a separate reader and checks that everything in it is on the list.
func onlyDraws(t *testing.T, clean []byte) {
	t.Helper()
	for d := xml.NewDecoder(strings.NewReader(string(clean))); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatalf("%q: %v", clean, err)
		}
		switch e := token.(type) {
		case xml.StartElement:
			if !svgElements[e.Name.Local] || e.Name.Space != svgSpace {
				t.Errorf("%q has the element %s", clean, e.Name.Local)
			}
			for _, a := range e.Attr {
				if a.Name.Local != "xmlns" && !svgAttributes[a.Name.Local] || a.Name.Space != "" {
					t.Errorf("%q has the attribute %s", clean, a.Name.Local)
				}
			}
		case xml.Directive, xml.ProcInst, xml.Comment:
			t.Errorf("%q has %T", clean, e)
		}
	}
}
