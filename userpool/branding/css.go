package branding

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/tdewolff/parse/v2"
	"github.com/tdewolff/parse/v2/css"

	"github.com/sluicegate/sluice/fault"
)

// classes are the classes of the classic pages that a style sheet may style.
//
// Source: "Customizing hosted UI (classic) branding" in the Amazon Cognito developer guide.
var classes = []string{
	"background", "banner", "errorMessage", "idpButton", "idpDescription", "inputField", "label", "legalText", "logo",
	"passwordCheck-notValid", "passwordCheck-valid", "redirect", "socialButton", "submitButton", "textDescription",
}

// states are the pseudo-classes that a selector may have.
var states = []string{"hover", "focus", "active"}

// functions are those that values may call. None of them loads anything.
var functions = []string{
	"rgb(", "rgba(", "hsl(", "hsla(", "calc(", "min(", "max(", "clamp(", "linear-gradient(", "radial-gradient(", "cubic-bezier(",
	"translate(", "translatex(", "translatey(", "scale(", "rotate(", "skew(", "matrix(",
}

// cleanCSS returns the style sheet of the classic pages, rebuilt from its parsed rules, or why it is refused. A rule
// has selectors of one class of classes each, and declarations whose values load nothing. Rules that begin with @, escapes and
// anything that is not a rule are refused; comments are dropped.
func cleanCSS(text string) (string, error) { return rewriteCSS(text, "") }

// servedCSS returns what cleanCSS does, with selectors that prevail over those of the pages' own style sheet, whatever they are: AWS's pages
// style the classes with one class each, and so do the style sheets that are written for them.
func servedCSS(text string) (string, error) { return rewriteCSS(text, ":root:root:root ") }

// rewriteCSS writes the text before each selector.
func rewriteCSS(text, before string) (string, error) {
	c, err := newSheetReader(text)
	if err != nil {
		return "", err
	}
	c.before = before
	for c.next(); c.kind != css.ErrorToken; c.next() {
		if err := c.rule(); err != nil {
			return "", err
		}
	}
	return c.out.String(), nil
}

// sheetReader reads the tokens of a style sheet, and writes what it accepts.
type sheetReader struct {
	lexer *css.Lexer
	kind  css.TokenType // of the current token
	text  string        // of the current token
	space bool          // there was white space before it
	out   strings.Builder

	before string // written before each selector
	local  bool   // accept url(#id), which names a part of the same image
}

func newSheetReader(text string) (*sheetReader, error) {
	if !utf8.ValidString(text) {
		return nil, refusedCSS("it is not UTF-8")
	}
	for _, c := range text {
		if c < ' ' && c != '\t' && c != '\n' && c != '\r' && c != '\f' || c == 0x7f || c == '\\' {
			return nil, refusedCSS("escapes and control characters are not allowed")
		}
	}
	return &sheetReader{lexer: css.NewLexer(parse.NewInputString(text))}, nil
}

func refusedCSS(why string) error {
	return fault.New(fault.InvalidParameter, "The CSS is invalid: %s.", why)
}

// next moves to the next token that is neither white space nor a comment.
func (c *sheetReader) next() {
	c.space = false
	for {
		kind, data := c.lexer.Next()
		c.kind, c.text = kind, string(data)
		if kind != css.WhitespaceToken && kind != css.CommentToken {
			return
		}
		c.space = true
	}
}

// unexpected returns the error for the current token.
func (c *sheetReader) unexpected(where string) error {
	if c.kind == css.ErrorToken {
		return refusedCSS("it ends in " + where)
	}
	text := c.text
	if len(text) > 40 {
		text = text[:40]
	}
	return refusedCSS(strings.ToValidUTF8(text, "") + " is not allowed in " + where)
}

// rule reads the rule that begins with the current token, and ends at its closing brace.
func (c *sheetReader) rule() error {
	for {
		if err := c.selector(); err != nil {
			return err
		}
		if c.kind != css.CommaToken {
			break
		}
		c.out.WriteByte(',')
		c.next()
	}
	if c.kind != css.LeftBraceToken {
		return c.unexpected("a selector")
	}
	c.out.WriteByte('{')
	c.next()
	if err := c.declarations(css.RightBraceToken); err != nil {
		return err
	}
	c.out.WriteString("}\n")
	return nil
}

// selector reads a class and its states.
func (c *sheetReader) selector() error {
	if c.kind != css.DelimToken || c.text != "." {
		return c.unexpected("a selector")
	}
	c.next()
	name, ok := strings.CutSuffix(c.text, "-customizable")
	if c.kind != css.IdentToken || c.space || !ok || !slices.Contains(classes, name) {
		return c.unexpected("a selector")
	}
	c.out.WriteString(c.before + "." + c.text)
	for c.next(); c.kind == css.ColonToken && !c.space; c.next() {
		c.next()
		if c.kind != css.IdentToken || c.space || !slices.Contains(states, strings.ToLower(c.text)) {
			return c.unexpected("a selector")
		}
		c.out.WriteString(":" + strings.ToLower(c.text))
	}
	return nil
}

// declarations reads up to the token that ends them.
func (c *sheetReader) declarations(end css.TokenType) error {
	for {
		switch c.kind {
		case end:
			return nil
		case css.SemicolonToken:
			c.next()
			continue
		case css.IdentToken:
		default:
			return c.unexpected("declarations")
		}
		property := strings.ToLower(c.text)
		c.next()
		if c.kind != css.ColonToken {
			return c.unexpected("declarations")
		}
		c.out.WriteString(property + ":")
		c.next()
		c.space = false
		if err := c.value(end); err != nil {
			return err
		}
		c.out.WriteByte(';')
	}
}

// value reads a value up to the semicolon or the end of the declarations.
func (c *sheetReader) value(end css.TokenType) error {
	depth := 0
	for ; ; c.next() {
		if depth == 0 && (c.kind == css.SemicolonToken || c.kind == end) {
			return nil
		}
		switch c.kind {
		case css.IdentToken, css.HashToken, css.NumberToken, css.PercentageToken, css.DimensionToken, css.CommaToken:
		case css.StringToken:
			if strings.ContainsAny(c.text, "<>\n\r\f") || len(c.text) < 2 || c.text[0] != c.text[len(c.text)-1] {
				return c.unexpected("a value")
			}
		case css.DelimToken:
			if !strings.Contains("/!+-*", c.text) {
				return c.unexpected("a value")
			}
		case css.FunctionToken:
			if !slices.Contains(functions, strings.ToLower(c.text)) {
				return c.unexpected("a value")
			}
			depth++
		case css.LeftParenthesisToken:
			depth++
		case css.RightParenthesisToken:
			if depth--; depth < 0 {
				return c.unexpected("a value")
			}
		case css.URLToken:
			if !c.local || !localURL(c.text) {
				return c.unexpected("a value")
			}
		default:
			return c.unexpected("a value")
		}
		if c.space {
			c.out.WriteByte(' ')
		}
		c.out.WriteString(c.text)
	}
}

// localURL reports whether a token is url(#id).
func localURL(token string) bool {
	inner, ok := strings.CutPrefix(strings.ToLower(token), "url(")
	inner, closed := strings.CutSuffix(inner, ")")
	inner = strings.Trim(inner, " \t'\"")
	return ok && closed && isLocal(inner)
}

// isLocal reports whether an address is that of a part of the same document.
func isLocal(address string) bool {
	id, ok := strings.CutPrefix(address, "#")
	return ok && id != "" && !strings.ContainsFunc(id, func(c rune) bool {
		return c != '-' && c != '_' && c != '.' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z')
	})
}
