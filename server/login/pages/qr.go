package pages

import (
	"fmt"
	"html/template"
	"strings"

	"github.com/boombuler/barcode/qr"
)

// quiet is the white margin of a QR code in modules, as ISO/IEC 18004 demands.
const quiet = 4

// QR draws the address of an authenticator app's secret as SVG, one path of dark modules. It needs no style: the colours are
// attributes, black on white in both schemes, because some apps do not read inverted codes.
func (v *view) QR() (template.HTML, error) {
	p, _ := v.P.(SetUpTOTP)
	code, err := qr.Encode(p.URI, qr.M, qr.Auto)
	if err != nil {
		return "", fmt.Errorf("QR code: %w", err)
	}
	size := code.Bounds().Dx()
	var path strings.Builder
	for y := range size {
		for x := 0; x < size; x++ {
			run := 0
			for x+run < size && dark(code.At(x+run, y).RGBA()) {
				run++
			}
			if run > 0 {
				fmt.Fprintf(&path, "M%d %dh%dv1h-%dz", x+quiet, y+quiet, run, run)
				x += run
			}
		}
	}
	return template.HTML(fmt.Sprintf(`<svg class="qr" viewBox="0 0 %[1]d %[1]d" role="img" aria-label="%[2]s" shape-rendering="crispEdges"><rect width="%[1]d" height="%[1]d" fill="#fff"/><path d="%[3]s" fill="#000"/></svg>`, //nolint:gosec // numbers, and an escaped text
		size+2*quiet, template.HTMLEscapeString(v.T("totp.qr")), path.String())), nil
}

func dark(r, _, _, _ uint32) bool { return r == 0 }
