package branding

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/tdewolff/parse/v2/css"

	"github.com/sluicegate/sluice/fault"
)

// Elements and attributes of images that draw, and do nothing else. What loads, links, runs, moves in time or embeds other languages
// is missing. AWS has such a list too, without publishing it.
var (
	svgElements = words(`circle clipPath defs desc ellipse feBlend feColorMatrix feComponentTransfer feComposite feDropShadow feFlood feFuncA
		feFuncB feFuncG feFuncR feGaussianBlur feMerge feMergeNode feMorphology feOffset feTile filter g line linearGradient marker mask
		metadata path pattern polygon polyline radialGradient rect stop style svg symbol text textPath title tspan use`)
	svgAttributes = words(`alignment-baseline amplitude baseline-shift class clip-path clip-rule clipPathUnits color color-interpolation
		color-interpolation-filters cx cy d direction display dominant-baseline dx dy edgeMode enable-background exponent fill fill-opacity fill-rule filter filterUnits
		flood-color flood-opacity font-family font-size font-stretch font-style font-variant font-weight fr fx fy gradientTransform
		gradientUnits height href id image-rendering in in2 intercept isolation k1 k2 k3 k4 kerning lengthAdjust letter-spacing
		marker-end marker-mid marker-start markerHeight markerUnits markerWidth mask mask-type maskContentUnits maskUnits method mix-blend-mode
		mode offset opacity operator order orient overflow paint-order path pathLength patternContentUnits patternTransform patternUnits points
		preserveAspectRatio primitiveUnits r radius refX refY result role rotate rx ry scale shape-rendering side slope space spacing
		spreadMethod startOffset stdDeviation stop-color stop-opacity stroke stroke-dasharray stroke-dashoffset stroke-linecap
		stroke-linejoin stroke-miterlimit stroke-opacity stroke-width style surfaceScale systemLanguage tableValues text-anchor
		text-decoration text-rendering textLength transform transform-box transform-origin type unicode-bidi values vector-effect version
		viewBox visibility width word-spacing writing-mode x x1 x2 xChannelSelector y y1 y2 yChannelSelector z zoomAndPan`)
)

func words(list string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(list) {
		set[w] = true
	}
	return set
}

// The namespaces of SVG.
const (
	svgSpace   = "http://www.w3.org/2000/svg"
	xlinkSpace = "http://www.w3.org/1999/xlink"
	xmlSpace   = "http://www.w3.org/XML/1998/namespace"
)

// Limits of an image's structure.
const (
	maxSVGDepth    = 64
	maxSVGElements = 20_000
)

func refusedSVG(format string, args ...any) error {
	return fault.New(fault.InvalidParameter, "The SVG file is not valid: "+format+".", args...)
}

// cleanSVG returns an image rebuilt from its elements and attributes, all of which are on a list, or why it is refused.
// Comments, processing instructions, metadata, and elements and attributes of editors' own namespaces are dropped; anything
// else that is not on the list is refused.
func cleanSVG(data []byte) ([]byte, error) {
	d := xml.NewDecoder(bytes.NewReader(data))
	d.CharsetReader = func(string, io.Reader) (io.Reader, error) { return nil, errors.New("it is not UTF-8") }
	w := &svgWriter{}
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, refusedSVG("%s", strings.TrimPrefix(err.Error(), "xml: "))
		}
		if err := w.write(token); err != nil {
			return nil, err
		}
	}
	if !w.done {
		return nil, refusedSVG("it has no svg element")
	}
	return w.out.Bytes(), nil
}

// svgWriter writes the elements that it accepts.
type svgWriter struct {
	out      bytes.Buffer
	open     []string // the names of the elements around the current token
	dropped  int      // how many of the elements around the current token are left out; the last ones of open
	elements int
	style    strings.Builder // the text of the style element that is open
	done     bool            // the svg element has ended
}

func (w *svgWriter) write(token xml.Token) error {
	switch t := token.(type) {
	case xml.StartElement:
		return w.start(t)
	case xml.EndElement:
		return w.end()
	case xml.CharData:
		return w.text(t)
	case xml.Directive:
		return refusedSVG("it has a document type or entities")
	default: // comments and processing instructions
		return nil
	}
}

func (w *svgWriter) start(e xml.StartElement) error {
	w.elements++
	if len(w.open) >= maxSVGDepth || w.elements > maxSVGElements {
		return refusedSVG("it has more than %d elements, or more than %d within each other", maxSVGElements, maxSVGDepth)
	}
	name := e.Name.Local
	inner := len(w.open) > 0
	w.open = append(w.open, name)
	switch {
	case w.done:
		return refusedSVG("there is something after the svg element")
	case !inner && (name != "svg" || e.Name.Space != svgSpace):
		return refusedSVG(`the first element must be svg with xmlns="%s"`, svgSpace)
	case w.dropped > 0, e.Name.Space != svgSpace && e.Name.Space != "", name == "metadata":
		w.dropped++
		return nil
	case !svgElements[name]:
		return refusedSVG("the element %.40s is not allowed", name)
	case inner && w.open[len(w.open)-2] == "style":
		return refusedSVG("there is an element in the style element")
	}
	w.out.WriteString("<" + name)
	if !inner {
		w.out.WriteString(` xmlns="` + svgSpace + `"`)
	}
	if err := w.attributes(e.Attr); err != nil {
		return err
	}
	w.out.WriteByte('>')
	return nil
}

func (w *svgWriter) attributes(list []xml.Attr) error {
	var seen []string
	for _, a := range list {
		name := a.Name.Local
		switch {
		case a.Name.Space == "" && name == "xmlns", a.Name.Space == "xmlns":
			continue
		case strings.HasPrefix(name, "data-"), strings.HasPrefix(name, "aria-"):
			continue
		case a.Name.Space == xlinkSpace && name == "href", a.Name.Space == "":
		case a.Name.Space == xmlSpace, a.Name.Space == "xml", strings.Contains(a.Name.Space, "/"):
			continue // of another namespace, which browsers ignore
		default:
			return refusedSVG("the attribute %.40s is not allowed", name)
		}
		if !svgAttributes[name] {
			return refusedSVG("the attribute %.40s is not allowed", name)
		}
		if slices.Contains(seen, name) {
			if name == "href" { // xlink:href in addition to href
				continue
			}
			return refusedSVG("the attribute %.40s is given twice", name)
		}
		seen = append(seen, name)
		value, err := svgValue(name, a.Value)
		if err != nil {
			return err
		}
		w.out.WriteString(" " + name + `="`)
		if err := xml.EscapeText(&w.out, []byte(value)); err != nil {
			return err
		}
		w.out.WriteByte('"')
	}
	return nil
}

// svgValue returns the value of an attribute, or why it is refused.
func svgValue(name, value string) (string, error) {
	switch {
	case name == "style":
		return cleanDeclarations(value)
	case name == "href":
		if !isLocal(value) {
			return "", refusedSVG("href must name a part of the same image")
		}
	case strings.ContainsRune(value, '\\'):
		return "", refusedSVG("the attribute %s has an escape", name)
	default:
		// Presentation attributes are CSS. Each reference must be url(#id).
		for rest := strings.ToLower(value); ; {
			_, after, found := strings.Cut(rest, "url")
			if !found {
				break
			}
			reference, tail, closed := strings.Cut(after, ")")
			if !closed || !localURL("url"+reference+")") {
				return "", refusedSVG("the attribute %s must refer to a part of the same image", name)
			}
			rest = tail
		}
		if strings.Contains(strings.ToLower(value), "image-set") || strings.Contains(strings.ToLower(value), "src(") {
			return "", refusedSVG("the attribute %s must not load anything", name)
		}
	}
	return value, nil
}

func (w *svgWriter) end() error {
	name := w.open[len(w.open)-1]
	w.open = w.open[:len(w.open)-1]
	if w.dropped > 0 {
		w.dropped--
		return nil
	}
	if name == "style" {
		rules, err := cleanRules(w.style.String())
		if err != nil {
			return err
		}
		w.style.Reset()
		if err := xml.EscapeText(&w.out, []byte(rules)); err != nil {
			return err
		}
	}
	w.out.WriteString("</" + name + ">")
	w.done = len(w.open) == 0
	return nil
}

func (w *svgWriter) text(data []byte) error {
	if w.dropped > 0 || len(w.open) == 0 {
		return nil
	}
	if w.open[len(w.open)-1] == "style" {
		w.style.Write(data)
		return nil
	}
	return xml.EscapeText(&w.out, data)
}

// cleanDeclarations returns the value of a style attribute, rebuilt.
func cleanDeclarations(text string) (string, error) {
	c, err := newSheetReader(text)
	if err != nil {
		return "", err
	}
	c.local = true
	c.next()
	if err := c.declarations(css.ErrorToken); err != nil {
		return "", err
	}
	return c.out.String(), nil
}

// cleanRules returns the rules of a style element, rebuilt. Selectors are names of elements, classes and ids.
func cleanRules(text string) (string, error) {
	c, err := newSheetReader(text)
	if err != nil {
		return "", err
	}
	c.local = true
	for c.next(); c.kind != css.ErrorToken; c.next() {
		for ; c.kind != css.LeftBraceToken; c.next() {
			switch {
			case c.kind == css.IdentToken, c.kind == css.HashToken, c.kind == css.CommaToken:
			case c.kind == css.DelimToken && strings.Contains(".>*", c.text):
			default:
				return "", c.unexpected("a selector")
			}
			if c.space {
				c.out.WriteByte(' ')
			}
			c.out.WriteString(c.text)
		}
		c.out.WriteByte('{')
		c.next()
		if err := c.declarations(css.RightBraceToken); err != nil {
			return "", err
		}
		c.out.WriteByte('}')
	}
	return c.out.String(), nil
}
