package s3op

import (
	"slices"
	"strings"
	"testing"
)

// Every row of the table has actions, and every selector leads to one.
func TestTheOperationTableIsComplete(t *testing.T) {
	used := map[string]bool{}
	All(func(key Key, op *Op) {
		used[key.Selector] = true
		if len(op.Actions) == 0 && !op.Has(DeleteBody) {
			t.Errorf("%v has no action", key)
		}
		for _, action := range slices.Concat(op.Actions, op.Versioned) {
			if !strings.HasPrefix(action, "s3:") {
				t.Errorf("%v: action %q", key, action)
			}
		}
		if key.Selector != "" && Selector(key.Selector)&key.Level == 0 {
			t.Errorf("%v: not a selector there", key)
		}
		for _, name := range op.Required {
			if !slices.Contains(op.Params, name) {
				t.Errorf("%v requires %s, which it does not take", key, name)
			}
		}
	})
	for selector := range selectors {
		if !used[selector] && !Exists(selector) {
			t.Errorf("selector %s is in no row", selector)
		}
	}
}

func TestValuesHaveOneSpelling(t *testing.T) {
	const refused = "-"
	check := func(name, value, want string, written, flaw string) {
		t.Helper()
		if flaw != "" {
			written = refused
		}
		if written != want {
			t.Errorf("%s: %q becomes %q (%s), want %q", name, value, written, flaw, want)
		}
	}
	for _, tc := range [][3]string{
		{"X-Amz-Tagging-Directive", "REPLACE", "REPLACE"}, {"X-Amz-Tagging-Directive", "replace", refused}, {"X-Amz-Metadata-Directive", "Copy", refused},
		{"X-Amz-Object-Lock-Mode", "compliance", refused}, {"X-Amz-Object-Lock-Legal-Hold", "On", refused}, {"X-Amz-Object-Lock-Legal-Hold", "OFF", "OFF"},
		{"X-Amz-Object-Lock-Retain-Until-Date", "2026-11-25T12:00:00.000Z", "2026-11-25T12:00:00.000Z"},
		{"X-Amz-Object-Lock-Retain-Until-Date", "1795000000", refused}, {"X-Amz-Acl", "Public-Read", refused}, {"X-Amz-Acl", "private", "private"},
		{"X-Amz-Server-Side-Encryption", "aes256", refused}, {"X-Amz-Object-Ownership", "objectwriter", refused},
		{"X-Amz-Bypass-Governance-Retention", "True", "true"}, {"X-Amz-Bypass-Governance-Retention", "FALSE", ""},
		{"X-Amz-Bypass-Governance-Retention", "1", refused}, {"X-Amz-Bucket-Object-Lock-Enabled", "true", "true"},
		{"X-Amz-Storage-Class", "anything", "anything"}, {"X-Amz-Acl", "", ""},
	} {
		written, flaw := HeaderValue(tc[0], tc[1])
		check(tc[0], tc[1], tc[2], written, flaw)
	}
	for _, tc := range [][3]string{
		{"partNumber", "1", "1"}, {"partNumber", "0010000", "10000"}, {"partNumber", "0", refused}, {"partNumber", "10001", refused}, {"partNumber", "+1", refused},
		{"partNumber", " 1", refused}, {"partNumber", "1x", refused}, {"partNumber", "", refused}, {"partNumber", "99999999999999999999", refused},
		{"max-keys", "0", "0"}, {"max-keys", "01000", "1000"}, {"max-keys", "-1", refused}, {"max-keys", "x", refused}, {"max-keys", "2147483648", refused},
		{"uploadId", "", refused}, {"uploadId", "2~a.b_c-d+e/f=", "2~a.b_c-d+e/f="}, {"uploadId", "../k", refused}, {"uploadId", "a/../b", refused},
		{"uploadId", " ", refused}, {"uploadId", "a\x00", refused}, {"versionId", "null", "null"}, {"versionId", "..", refused}, {"prefix", "", ""},
	} {
		written, _, flaw := new(Op).Param(tc[0], tc[1])
		check(tc[0], tc[1], tc[2], written, flaw)
	}
}
