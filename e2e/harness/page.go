package harness

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"time"
)

// Screen is the size of a browser's page in CSS pixels.
type Screen struct {
	Width, Height int
	Phone         bool // with touch, and a viewport as phones have it
}

// Show sets the size of the page and what style sheets can ask for: names and values of media features, such as prefers-color-scheme.
func (b *Browser) Show(s Screen, features map[string]string) {
	b.t.Helper()
	b.do("Emulation.setDeviceMetricsOverride", map[string]any{"width": s.Width, "height": s.Height, "deviceScaleFactor": 1, "mobile": s.Phone}, nil)
	b.do("Emulation.setTouchEmulationEnabled", map[string]any{"enabled": s.Phone}, nil)
	list := []map[string]string{}
	for name, value := range features {
		list = append(list, map[string]string{"name": name, "value": value})
	}
	b.do("Emulation.setEmulatedMedia", map[string]any{"features": list}, nil)
}

// Visit opens an address and waits until the page and what it loads are there.
func (b *Browser) Visit(address string) {
	b.t.Helper()
	b.Evaluate("window.left = true", nil)
	b.do("Page.navigate", map[string]any{"url": address}, nil)
	b.Settle()
}

// Settle waits until a page that has replaced the last one is complete.
func (b *Browser) Settle() {
	b.t.Helper()
	var complete bool
	b.Read(`new Promise((resolve) => { const look = () => document.readyState === "complete" ? requestAnimationFrame(() => resolve(true)) : setTimeout(look, 20); look(); })`, &complete)
}

// Evaluate runs JavaScript in the page, whatever its content security policy, waits for a promise, and reads the result.
func (b *Browser) Evaluate(script string, result any) {
	b.t.Helper()
	var answer struct {
		Result           struct{ Value json.RawMessage }
		ExceptionDetails json.RawMessage
	}
	b.do("Runtime.evaluate", map[string]any{"expression": script, "awaitPromise": true, "returnByValue": true, "userGesture": true}, &answer)
	if answer.ExceptionDetails != nil {
		b.t.Fatalf("%.200s in the browser: %s", script, answer.ExceptionDetails)
	}
	if result == nil {
		return
	}
	if err := json.Unmarshal(answer.Result.Value, result); err != nil {
		b.t.Fatalf("%.200s returned %s: %v", script, answer.Result.Value, err)
	}
}

// Read runs JavaScript as Evaluate does, and again if the browser goes to another page meanwhile. The script must only read.
func (b *Browser) Read(script string, result any) {
	b.t.Helper()
	params := map[string]any{"expression": script, "awaitPromise": true, "returnByValue": true}
	for {
		select {
		case m := <-b.send(b.session, "Runtime.evaluate", params):
			if m.Error != nil {
				continue // the page has gone
			}
			var answer struct {
				Result struct{ Value json.RawMessage }
			}
			if err := json.Unmarshal(m.Result, &answer); err != nil {
				b.t.Fatal(err)
			}
			if err := json.Unmarshal(answer.Result.Value, result); err != nil {
				b.t.Fatalf("%.200s returned %s: %v", script, answer.Result.Value, err)
			}
			return
		case <-b.closed:
			b.t.Fatal("Chromium has ended")
		case <-time.After(Patience):
			b.t.Fatalf("%.200s: no answer", script)
		}
	}
}

// Screenshot returns a PNG of the page. If whole is set, it shows what is below the screen as well.
func (b *Browser) Screenshot(whole bool) []byte {
	b.t.Helper()
	var shot struct{ Data string }
	b.do("Page.captureScreenshot", map[string]any{"format": "png", "captureBeyondViewport": whole}, &shot)
	png, err := base64.StdEncoding.DecodeString(shot.Data)
	if err != nil {
		b.t.Fatal(err)
	}
	return png
}

// keys are the keys that Press knows in addition to letters: their codes and texts.
var keys = map[string]struct {
	code int
	text string
}{"Tab": {9, ""}, "Enter": {13, "\r"}, "Escape": {27, ""}, "Space": {32, " "}}

// Press presses a key: Tab, Shift+Tab, Enter, Escape or Space.
func (b *Browser) Press(name string) {
	b.t.Helper()
	modifiers := 0
	if name == "Shift+Tab" {
		name, modifiers = "Tab", 8
	}
	key, ok := keys[name]
	if !ok {
		b.t.Fatal(fmt.Errorf("unknown key %q", name))
	}
	label := name
	if name == "Space" {
		label = " "
	}
	event := map[string]any{"type": "keyDown", "key": label, "code": name, "windowsVirtualKeyCode": key.code, "modifiers": modifiers}
	if key.text != "" {
		event["text"] = key.text
	}
	b.do("Input.dispatchKeyEvent", event, nil)
	delete(event, "text")
	event["type"] = "keyUp"
	b.do("Input.dispatchKeyEvent", event, nil)
}

// Type types a text into what has the focus.
func (b *Browser) Type(text string) {
	b.t.Helper()
	b.do("Input.insertText", map[string]any{"text": text}, nil)
}
