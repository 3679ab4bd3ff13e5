package s3key

import "testing"

func TestAKeyIsEncodedSoThatItDecodesToItself(t *testing.T) {
	for _, key := range []string{"a", "sp ace+plus%25.txt", "q?u&o='*().txt", "tilde~!@$,;.txt", "ü/日本", "tab\tkey", "..a"} {
		if got, err := new(Store).Decode("b-1", Encode(key)); err != nil || got != "b-1/"+key {
			t.Errorf("%q comes back as %q, %v", key, got, err)
		}
	}
	if EncodeParam("a/b c") != "a%2Fb%20c" {
		t.Errorf("%s", EncodeParam("a/b c"))
	}
}

func TestKeysThatAFileSystemWouldResolveAreRefused(t *testing.T) {
	for raw, flat := range map[string]bool{"a//b": true, "/a": true, "a/../b": false, "a/%2e%2e/b": false, `a\..\b`: false, "a/%252e%252e/b": false, "a%00": false, "%ff": false, "%": false} {
		if key, err := new(Store).Decode("b-1", raw); err == nil {
			t.Errorf("%s is the key %q", raw, key)
		}
		if _, err := (&Store{ExactKeys: true}).Decode("b-1", raw); (err == nil) != flat {
			t.Errorf("%s, for a store that keeps keys as bytes: %v", raw, err)
		}
	}
}
