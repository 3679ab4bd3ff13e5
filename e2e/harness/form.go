package harness

import (
	"fmt"
	"time"
)

// Scripts turns the scripts of pages on or off, from the next page on.
func (b *Browser) Scripts(on bool) {
	b.t.Helper()
	b.do("Emulation.setScriptExecutionDisabled", map[string]any{"value": !on}, nil)
}

// TrustAll makes the browser accept every certificate, such as those of Caddy's internal authority.
func (b *Browser) TrustAll() {
	b.t.Helper()
	b.do("Security.setIgnoreCertificateErrors", map[string]any{"ignore": true}, nil)
}

// Open opens an address. Unlike Visit it works without the scripts of the page.
func (b *Browser) Open(address string) {
	b.t.Helper()
	b.do("Page.navigate", map[string]any{"url": address}, nil)
}

// Await waits until an expression of JavaScript is true, on whatever page the browser is then. It fails the test with what the page says.
func (b *Browser) Await(expression string) {
	b.t.Helper()
	for end := time.Now().Add(Patience); ; time.Sleep(50 * time.Millisecond) {
		var is bool
		if b.Read("(() => { try { return document.readyState === 'complete' && !!("+expression+") } catch { return false } })()", &is); is {
			return
		}
		if time.Now().After(end) {
			var page string
			b.Evaluate("location.href + '\\n' + document.body.innerText", &page)
			b.t.Fatalf("%s is not true on %s", expression, page)
		}
	}
}

// Fill types a text into the field of the page with the name.
func (b *Browser) Fill(name, text string) {
	b.t.Helper()
	field := fmt.Sprintf("[...document.querySelectorAll(%q)].find((e) => e.type !== 'hidden' && !e.readOnly)", `[name="`+name+`"]`)
	b.Await(field)
	b.Evaluate(field+".focus(); "+field+".value = ''", nil)
	b.Type(text)
}

// Submit presses the button of the form with the action. value is that of the button, "" for the form's only one.
func (b *Browser) Submit(action, value string) {
	b.t.Helper()
	button := fmt.Sprintf(`[...document.forms].find((f) => f.elements.action?.value === %q)?.querySelector(%q)`, action, "button:not([type=button])"+valued(value))
	b.Await(button)
	b.Evaluate("window.old = true; "+button+".click()", nil)
	b.Await("!window.old")
}

func valued(value string) string {
	if value == "" {
		return ""
	}
	return fmt.Sprintf("[value=%q]", value)
}
