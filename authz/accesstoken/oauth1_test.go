package accesstoken

import (
	"net/url"
	"testing"
)

// The example of OAuth Core 1.0, appendix A.5.
func TestTheSignatureIsThatOfTheSpecification(t *testing.T) {
	r := signed{method: "GET", url: "http://photos.example.net/photos", key: "dpf43f3p2l4k3l03", token: "nnch734d00sl2jdk",
		nonce: "kllo9940pd9333jh", timestamp: "1191242096", query: url.Values{"file": {"vacation.jpg"}, "size": {"original"}}}
	if got, want := r.signature("kd94hf93k423kf44", "pfkkdhi9sl3r4s00"), "tR3+Ty81lMeYAr/Fid0kMTYa/WM="; got != want {
		t.Errorf("signature %s, want %s", got, want)
	}
	if got, want := escape("a b+c*~é/"), "a%20b%2Bc%2A~%C3%A9%2F"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
