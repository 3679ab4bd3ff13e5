package branding

import (
	"strings"
	"testing"
)

func TestCSSIsWrittenAnew(t *testing.T) {
	for name, tc := range map[string]struct{ css, want string }{
		"nothing":                  {"", ""},
		"a rule":                   {".label-customizable{font-weight:400}", ".label-customizable{font-weight:400;}\n"},
		"a comment is dropped":     {"/* .x */.label-customizable { color : red /* a */ ; }", ".label-customizable{color:red;}\n"},
		"a comment divides tokens": {".banner-customizable{padding:1px/**/2px}", ".banner-customizable{padding:1px 2px;}\n"},
		"states and lists": {".submitButton-customizable:hover, .inputField-customizable:FOCUS { Color: #FFF; }",
			".submitButton-customizable:hover,.inputField-customizable:focus{color:#FFF;}\n"},
		"functions": {".logo-customizable{background:linear-gradient(to right, rgba(0,0,0,.5), #fff 50%);width:calc(100% - 2px)!important}",
			".logo-customizable{background:linear-gradient(to right, rgba(0,0,0,.5), #fff 50%);width:calc(100% - 2px)!important;}\n"},
		"strings": {`.label-customizable{font-family:"Open Sans", sans-serif}`, ".label-customizable{font-family:\"Open Sans\", sans-serif;}\n"},
		"two-part classes": {".passwordCheck-notValid-customizable{color:#f00}.passwordCheck-valid-customizable{color:#0f0}",
			".passwordCheck-notValid-customizable{color:#f00;}\n.passwordCheck-valid-customizable{color:#0f0;}\n"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := cleanCSS(tc.css)
			if err != nil || got != tc.want {
				t.Errorf("got %q, %v; want %q", got, err, tc.want)
			}
		})
	}
}

func TestCSSThatLoadsOrBreaksOutIsRefused(t *testing.T) {
	for name, css := range map[string]string{
		"import":                       `@import "https://evil.example/a.css";`,
		"import in another case":       `@IMPORT url(//evil.example);`,
		"import with an escape":        `@\69mport "//evil.example";`,
		"media":                        `@media screen { .label-customizable { color: red } }`,
		"supports":                     `@supports (color: red) { .label-customizable { color: red } }`,
		"page":                         `@page { margin: 0 }`,
		"font-face":                    `@font-face { font-family: x; src: url(//evil.example) }`,
		"charset":                      `@charset "utf-7";`,
		"url":                          `.banner-customizable{background:url(https://evil.example/a)}`,
		"url in quotes":                `.banner-customizable{background:url("https://evil.example/a")}`,
		"url of data":                  `.banner-customizable{background:url(data:image/svg+xml,<svg/>)}`,
		"url of a part":                `.banner-customizable{filter:url(#a)}`,
		"url in another case":          `.banner-customizable{background:URL(//evil.example)}`,
		"url with an escape":           `.banner-customizable{background:u\72l(//evil.example)}`,
		"url around a comment":         `.banner-customizable{background:url(/**///evil.example)}`,
		"image-set":                    `.banner-customizable{background:image-set("//evil.example/a" 1x)}`,
		"image-set with a prefix":      `.banner-customizable{background:-webkit-image-set("//evil.example/a" 1x)}`,
		"src":                          `.banner-customizable{background:src("//evil.example/a")}`,
		"cross-fade":                   `.banner-customizable{background:cross-fade("//evil.example/a", red)}`,
		"expression":                   `.banner-customizable{width:expression(alert(1))}`,
		"binding":                      `.banner-customizable{-moz-binding:url(//evil.example)}`,
		"a script's end":               `.label-customizable{color:red}</style><script>alert(1)</script>`,
		"a script in a string":         `.label-customizable{content:"</style><script>alert(1)</script>"}`,
		"another class":                `.page{display:none}`,
		"a class without its suffix":   `.label{color:red}`,
		"an element":                   `body{display:none}`,
		"everything":                   `*{display:none}`,
		"an attribute":                 `.inputField-customizable[value^="a"]{color:red}`,
		"a descendant":                 `.banner-customizable .label-customizable{color:red}`,
		"a descendant of anything":     `.banner-customizable *{color:red}`,
		"two classes":                  `.banner-customizable.x{color:red}`,
		"has":                          `.banner-customizable:has(input){color:red}`,
		"a pseudo-element":             `.banner-customizable::before{content:"x"}`,
		"a class after a blank":        `. banner-customizable{color:red}`,
		"an unclosed rule":             `.label-customizable{color:red`,
		"an unclosed string":           `.label-customizable{content:"x`,
		"a string over two lines":      ".label-customizable{content:\"x\n\"}",
		"an unclosed function":         `.label-customizable{color:rgb(1,2,3}`,
		"a closed brace too many":      `.label-customizable{color:red}}`,
		"a nested rule":                `.label-customizable{&:hover{color:red}}`,
		"a nested at-rule":             `.label-customizable{@media screen{color:red}}`,
		"a custom property":            `.label-customizable{--brand-link-text-color:red}`,
		"a reference to one":           `.label-customizable{color:var(--x)}`,
		"HTML comments":                `<!-- .label-customizable{color:red} -->`,
		"a bracket":                    `.label-customizable{grid-area:[a]}`,
		"a NUL":                        ".label-customizable{color:red\x00}",
		"what is not UTF-8":            ".label-customizable{color:\xff}",
		"a declaration without a rule": `color:red`,
		"a declaration without a name": `.label-customizable{:red}`,
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := cleanCSS(css); err == nil {
				t.Errorf("accepted as %q", got)
			}
		})
	}
}

func TestALongSheetIsReadInTime(t *testing.T) {
	for _, part := range []string{"(", "/*", ".label-customizable{", `"`, "a:b;", "url(", "-"} {
		_, _ = cleanCSS(strings.Repeat(part, 131072/len(part)))
		_, _ = cleanCSS(".label-customizable{x:" + strings.Repeat(part, 131072/len(part)))
	}
}

func FuzzCSS(f *testing.F) {
	for _, seed := range []string{".label-customizable{color:red}", ".banner-customizable:hover,.logo-customizable{width:calc(1px + 2%)!important;a:'b'}",
		"/**/.label-customizable{/**/a:b/**/c}", ".label-customizable{a:url(x)}", "@import 'a';", `.label-customizable{a:"\`, ".label-customizable{a:-b +.5e3 U+26}"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		clean, err := cleanCSS(text)
		if err != nil {
			return
		}
		lower := strings.ToLower(clean)
		for _, bad := range []string{"@", "url(", "\\", "<", "expression(", "image-set(", "/*", "\x00"} {
			outside := lower
			if bad == "@" || bad == "/*" || strings.HasSuffix(bad, "(") { // harmless in a string
				outside = withoutStrings(lower)
			}
			if strings.Contains(outside, bad) {
				t.Errorf("%q became %q, with %q", text, clean, bad)
			}
		}
		again, err := cleanCSS(clean)
		if err != nil || again != clean {
			t.Errorf("%q became %q, and that %q, %v", text, clean, again, err)
		}
	})
}

// withoutStrings drops what is in quotes.
func withoutStrings(text string) string {
	var b strings.Builder
	quote := rune(0)
	for _, c := range text {
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		default:
			b.WriteRune(c)
		}
	}
	return b.String()
}
