package seal_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/seal"
)

func TestASecretNeverShows(t *testing.T) {
	const text = "hunter2-hunter2"
	type holder struct {
		Exported seal.Secret
		hidden   seal.Secret
		key      seal.Key
	}
	key, err := seal.ParseMasterKey("aHVudGVyMi1odW50ZXIyLWh1bnRlcjItaHVudGVyMi0=")
	if err != nil {
		t.Fatal(err)
	}
	h := holder{Exported: seal.NewSecret(text), hidden: seal.NewSecret(text), key: key}
	shown := map[string]string{}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T"} {
		shown["secret "+verb] = fmt.Sprintf(verb, h.Exported)
		shown["pointer "+verb] = fmt.Sprintf(verb, &h.Exported)
		shown["struct "+verb] = fmt.Sprintf(verb, h)
		shown["key "+verb] = fmt.Sprintf(verb, key)
	}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("m", "secret", h.Exported, "struct", h, "key", key)
	slog.New(slog.NewTextHandler(&log, nil)).Info("m", "secret", h.Exported, "struct", h, "key", key)
	shown["slog"] = log.String()
	asJSON, err := json.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	shown["json"] = string(asJSON)
	asXML, err := xml.Marshal(h.Exported)
	if err != nil {
		t.Fatal(err)
	}
	shown["xml"] = string(asXML)
	for how, out := range shown {
		for _, leak := range []string{text, "68756e7465", "68756E7465", "aHVudGVy", "hunter", "104 117 110"} {
			if strings.Contains(out, leak) {
				t.Errorf("%s shows %q", how, out)
			}
		}
	}
	if got := h.Exported.Reveal(); got != text {
		t.Errorf("Reveal = %q", got)
	}
}

func TestSecretsCompareByText(t *testing.T) {
	s := seal.NewSecret("a")
	if !s.Equal(seal.NewSecret("a")) || s.Equal(seal.NewSecret("b")) || s.Equal(seal.Secret{}) || s.EqualString("ab") {
		t.Error("Equal is not equality")
	}
	if !(seal.Secret{}).IsZero() || !seal.NewSecret("").IsZero() || s.IsZero() || (seal.Secret{}).String() != "" {
		t.Error("the empty secret is not empty")
	}
}
