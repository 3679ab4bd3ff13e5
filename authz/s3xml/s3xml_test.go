package s3xml

import (
	"reflect"
	"testing"
)

func TestAnEncodedDocumentParsesToTheSameNodes(t *testing.T) {
	for _, text := range []string{
		`<A><B>x &amp; y &lt;</B><C/></A>`, "<A>\r\n<B>a&#13;b&#10;c&#9;d</B>\n</A>", `<n:A xmlns:n="u" n:x="1"><n:B>ü</n:B></n:A>`, `<A> </A>`,
	} {
		first, err := Parse([]byte(text))
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		second, err := Parse(first.Encode())
		if err != nil || !reflect.DeepEqual(first, second) {
			t.Errorf("%q becomes %q, %v", text, first.Encode(), err)
		}
	}
}

func TestADocumentThatParsersReadDifferentlyIsRefused(t *testing.T) {
	for _, text := range []string{"", "x", "<A>", "<A/><B/>", "<!DOCTYPE a><A/>", "<A><!-- --></A>", "<A><?x y?></A>", "<A>x<B/></A>", "<A><B/>x</A>", "<A>&x;</A>", "<e:6Ke/>", "<e:a.b/>"} {
		if n, err := Parse([]byte(text)); err == nil {
			t.Errorf("%q is read as %s", text, n.Encode())
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("<Delete><Object><Key>k&#13;</Key></Object></Delete>"))
	f.Fuzz(func(t *testing.T, body []byte) {
		first, err := Parse(body)
		if err != nil {
			return
		}
		if second, err := Parse(first.Encode()); err != nil || !reflect.DeepEqual(first, second) {
			t.Fatalf("%q becomes %q, %v", body, first.Encode(), err)
		}
	})
}
