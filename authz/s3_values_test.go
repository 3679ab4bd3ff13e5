package authz

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/authz/policy"
	"github.com/sluicegate/sluice/authz/s3xml"
)

// A store that reads a value more or less strictly than the gate would do another operation than the one that was decided on.
func TestThreatAValueThatStoresReadDifferentlyIsRefused(t *testing.T) {
	copied := func(pairs ...string) http.Header { return h(append(pairs, "X-Amz-Copy-Source", "src/a")...) }
	for _, tc := range []struct {
		line   string
		header http.Header
		reason Reason
	}{
		// Without a value, an upload id is none to Ceph and Garage: DELETE would delete the object.
		{"DELETE /b-1/k?uploadId=", nil, InvalidValue},
		{"DELETE /b-1/k?uploadId", nil, InvalidValue},
		{"POST /b-1/k?uploadId=", nil, InvalidValue},
		{"GET /b-1/k?uploadId=", nil, InvalidValue},
		{"DELETE /b-1/k?uploadId=..%2Fk", nil, InvalidValue},
		// SeaweedFS takes a part without a number for an object.
		{"PUT /b-1/k?uploadId=u", nil, MethodNotServed},
		{"PUT /b-1/k?uploadId=u&partNumber=x", nil, InvalidValue},
		{"PUT /b-1/k?uploadId=u&partNumber=", nil, InvalidValue},
		{"PUT /b-1/k?uploadId=u&partNumber=-1", nil, InvalidValue},
		{"PUT /b-1/k?uploadId=u&partNumber=10001", nil, InvalidValue},
		{"GET /b-1/k?partNumber=0", nil, InvalidValue},
		{"HEAD /b-1/k?partNumber=", nil, InvalidValue},
		{"POST /b-1/k?select", nil, InvalidSelectType},
		{"POST /b-1/k?select&select-type=1", nil, InvalidSelectType},
		{"GET /b-1?max-keys=1e9", nil, InvalidValue},
		{"GET /b-1?max-keys=%2B5", nil, InvalidValue},
		{"GET /b-1?marker=a/../../b", nil, InvalidValue},
		{"GET /b-1/k?versionId=../v", nil, InvalidValue},
		{"GET /b-1/k?response-x=y", nil, UnknownRequest},
		{"GET /b-1/k?response-content-type=a%0d%0ab", nil, InvalidHeader},
		// Stores that compare exactly take another spelling of REPLACE for COPY, and copy the tags.
		{"PUT /b-1/k", copied("X-Amz-Tagging-Directive", "replace"), InvalidValue},
		{"PUT /b-1/k", copied("X-Amz-Tagging-Directive", "KEEP"), InvalidValue},
		{"PUT /b-1/k", copied("X-Amz-Metadata-Directive", "Replace"), InvalidValue},
		{"PUT /b-1/k", h("X-Amz-Copy-Source", "src/a?versionId=../x"), InvalidCopySource},
		{"PUT /b-1/k", h("X-Amz-Object-Lock-Mode", "compliance"), InvalidValue},
		{"PUT /b-1/k", h("X-Amz-Object-Lock-Legal-Hold", "on"), InvalidValue},
		{"PUT /b-1/k", h("X-Amz-Object-Lock-Retain-Until-Date", "tomorrow"), InvalidValue},
		{"PUT /b-1/k", h("X-Amz-Acl", "PUBLIC-READ"), InvalidValue},
		{"PUT /b-1/k", h("X-Amz-Server-Side-Encryption", "none"), InvalidValue},
		{"PUT /b-1", h("X-Amz-Object-Ownership", "objectwriter"), InvalidValue},
		{"DELETE /b-1/k?versionId=v", h("X-Amz-Bypass-Governance-Retention", "1"), InvalidValue},
		{"PUT /b-1/k", h("If-None-Match", `"etag"`), UnknownRequest},
		{"PUT /b-1/k", h("If-None-Match", "*", "If-None-Match", "x"), UnknownRequest},
		{"PUT /b-1/k", h("If-Match", "a", "If-Match", "b"), InvalidHeader},
		{"DELETE /b-1/k", h("If-Match", "a", "If-Match", "b"), InvalidHeader},
		// Without the condition, the write would replace what the client means to keep.
		{"PUT /b-1/k", h("If-Match", ""), InvalidHeader},
		{"PUT /b-1/k", h("If-None-Match", " "), InvalidHeader},
		{"DELETE /b-1/k", h("If-Match", " "), InvalidHeader},
		{"DELETE /b-1/k", h("If-Unmodified-Since", ""), InvalidHeader},
		{"DELETE /b-1/k", h("X-Amz-If-Match-Size", ""), InvalidHeader},
		{"PUT /b-1/k", copied("X-Amz-Copy-Source-If-Match", ""), InvalidHeader},
		{"PUT /b-1/k?partNumber=1&uploadId=u", copied("X-Amz-Copy-Source-Range", ""), InvalidHeader},
		// A store may read the second line where the gate reads the first.
		{"DELETE /b-1/k", h("If-Unmodified-Since", "", "If-Unmodified-Since", "Sat, 21 Nov 2026 12:00:00 GMT"), InvalidHeader},
		{"GET /b-1?versions&key-marker=a%ff", nil, InvalidValue},
		{"GET /b-1?list-type=2&start-after=./a", nil, InvalidValue},
	} {
		method, target, _ := strings.Cut(tc.line, " ")
		if c, refusal := mapS3(plainS3, method, "s3.example", target, tc.header, ""); refusal == nil || refusal.Reason != tc.reason {
			t.Errorf("%s %v: %s, %+v", tc.line, tc.header, c.needs(), refusal)
		}
	}
}

func TestValuesReachTheStoreInOneSpelling(t *testing.T) {
	for _, tc := range []struct{ line, query string }{
		{"PUT /b-1/k?uploadId=u&partNumber=007", "uploadId=u&partNumber=7"},
		{"GET /b-1?max-keys=010", "max-keys=10"},
		{"GET /b-1?acl=x", "acl="},
		{"GET /b-1/k?tagging&x-id=GetObjectTagging", "tagging"},
	} {
		method, target, _ := strings.Cut(tc.line, " ")
		if c := forwarded(t, plainS3, method, "s3.example", target, nil, ""); c.query != tc.query {
			t.Errorf("%s: %s", tc.line, c.query)
		}
	}
	for _, tc := range []struct {
		line string
		sent http.Header
		want http.Header
	}{
		{"PUT /b-1/k", h("X-Amz-Server-Side-Encryption", ""), http.Header{}},
		{"PUT /b-1/k", h("X-Amz-Storage-Class", " GLACIER\t"), h("X-Amz-Storage-Class", "GLACIER")},
		{"PUT /b-1/k", h("X-Amz-Tagging-Directive", "COPY", "X-Amz-Metadata-Directive", "COPY"), http.Header{}},
		{"GET /b-1/k", h("If-None-Match", " "), http.Header{}},
		{"PUT /b-1/k", h("If-None-Match", " *"), h("If-None-Match", "*")},
		{"PUT /b-1/k", h("X-Amz-Copy-Source", "s-1/a", "X-Amz-Tagging", "a=b"), h("X-Amz-Copy-Source", "s-1/a")},
		{"DELETE /b-1/k", h("X-Amz-Bypass-Governance-Retention", "False"), http.Header{}},
		{"DELETE /b-1/k", h("X-Amz-Bypass-Governance-Retention", "TRUE", "If-None-Match", "x", "Range", "bytes=0-1"), h("X-Amz-Bypass-Governance-Retention", "true")},
		{"DELETE /b-1/k?tagging", h("If-Match", "x"), http.Header{}},
	} {
		method, target, _ := strings.Cut(tc.line, " ")
		forwarded(t, plainS3, method, "s3.example", target, tc.sent, "")
		if len(tc.sent) != len(tc.want) {
			t.Errorf("%s: %v, want %v", tc.line, tc.sent, tc.want)
		}
		for name, lines := range tc.want {
			if !slices.Equal(tc.sent[name], lines) {
				t.Errorf("%s: %s is %q, want %q", tc.line, name, tc.sent[name], lines)
			}
		}
	}
}

// A policy must not find a header that the store ignores.
func TestThreatAHeaderWithoutEffectSatisfiesNoPolicy(t *testing.T) {
	for _, tc := range []struct {
		line   string
		header http.Header
		body   string
		want   string
	}{
		{"PUT /b-1/k", h("X-Amz-Server-Side-Encryption", "", "X-Amz-Acl", " "), "", "PutObject x-amz-server-side-encryption=- x-amz-acl=-"},
		{"PUT /b-1/k", h("X-Amz-Acl", " public-read"), "", "PutObject x-amz-acl=public-read"},
		{"PUT /b-1/k", h("X-Amz-Metadata-Directive", "COPY"), "", "PutObject x-amz-metadata-directive=-"},
		{"PUT /b-1/k?retention", h("X-Amz-Object-Lock-Mode", "COMPLIANCE", "X-Amz-Object-Lock-Retain-Until-Date", "2030-01-01T00:00:00Z"), "<Retention></Retention>",
			"PutObjectRetention object-lock-mode=- object-lock-retain-until-date=- object-lock-remaining-retention-days=-"},
		{"PUT /b-1/k?acl", h("X-Amz-Storage-Class", "GLACIER"), "", "PutObjectAcl x-amz-storage-class=-"},
		{"PUT /b-1", nil, "<CreateBucketConfiguration></CreateBucketConfiguration>", "CreateBucket locationconstraint=-"},
		{"PUT /b-1", nil, "<CreateBucketConfiguration><LocationConstraint> eu-west-1\n</LocationConstraint></CreateBucketConfiguration>", "CreateBucket locationconstraint=eu-west-1"},
		{"GET /b-1?max-keys=", nil, "", "ListBucket max-keys=-"},
		{"GET /b-1?max-keys=00100", nil, "", "ListBucket max-keys=100"},
		// The precondition of DeleteObjects is in the document.
		{"POST /b-1?delete", h("If-Match", "x"), "<Delete><Object><Key>k</Key></Object></Delete>", "DeleteObject if-match=-"},
		{"POST /b-1?delete", h("If-Match", "x"), "<Delete><Object><Key>k</Key><ETag>\"e\"</ETag></Object></Delete>", `DeleteObject if-match="e"; GetObject if-match=-`},
		{"POST /b-1?delete", nil, "<Delete><Object><Key>k</Key><ETag>*</ETag></Object><Object><Key>l</Key><ETag/><VersionId> </VersionId></Object></Delete>",
			"DeleteObject if-match=*; DeleteObject if-match=-"},
	} {
		method, target, _ := strings.Cut(tc.line, " ")
		c, refusal := mapS3(plainS3, method, "s3.example", target, tc.header, tc.body)
		if refusal != nil {
			t.Errorf("%s: %+v", tc.line, refusal)
			continue
		}
		parts := strings.Split(tc.want, "; ")
		for i, part := range parts {
			checkKeys(t, c, i, tc.line, part)
		}
		if len(c.targets) < len(parts) {
			t.Errorf("%s: %s", tc.line, c.needs())
		}
		plainS3.forward(c)
		if tc.line == "POST /b-1?delete" && len(c.r.Header["If-Match"]) > 0 {
			t.Errorf("%s: If-Match is forwarded", tc.line)
		}
	}
}

// AWS: a write or a deletion with an ETag needs s3:GetObject, because the answer tells whether the object is a guess.
func TestComparingAnObjectNeedsReadingIt(t *testing.T) {
	const entry = "<Delete><Object><Key>k</Key>"
	for _, tc := range []struct {
		line   string
		header http.Header
		body   string
		needs  string
	}{
		{"PUT /b-1/k", h("If-Match", `"e"`), "", "PutObject b-1/k, GetObject b-1/k"},
		{"PUT /b-1/k", h("If-Match", "*"), "", "PutObject b-1/k"},
		{"PUT /b-1/k", h("If-None-Match", "*"), "", "PutObject b-1/k"},
		{"POST /b-1/k?uploadId=u", h("If-Match", `"e"`), "", "PutObject b-1/k, GetObject b-1/k"},
		{"DELETE /b-1/k", h("If-Match", `"e"`), "", "DeleteObject b-1/k, GetObject b-1/k"},
		{"DELETE /b-1/k?versionId=v", h("If-Match", `"e"`), "", "DeleteObjectVersion b-1/k, GetObjectVersion b-1/k"},
		{"DELETE /b-1/k", h("If-Match", "*"), "", "DeleteObject b-1/k"},
		{"DELETE /b-1/k", h("X-Amz-If-Match-Size", "5"), "", "DeleteObject b-1/k, GetObject b-1/k"},
		{"DELETE /b-1/k", h("If-Unmodified-Since", "Sat, 21 Nov 2026 12:00:00 GMT"), "", "DeleteObject b-1/k, GetObject b-1/k"},
		{"GET /b-1/k", h("If-Match", `"e"`), "", "GetObject b-1/k"},
		{"POST /b-1?delete", nil, entry + "<ETag>e</ETag></Object></Delete>", "DeleteObject b-1/k, GetObject b-1/k"},
		{"POST /b-1?delete", nil, entry + "<ETag>*</ETag></Object></Delete>", "DeleteObject b-1/k"},
		{"POST /b-1?delete", nil, entry + "<Size>5</Size><VersionId>v</VersionId></Object></Delete>", "DeleteObjectVersion b-1/k, GetObjectVersion b-1/k"},
	} {
		method, target, _ := strings.Cut(tc.line, " ")
		if c, refusal := mapS3(plainS3, method, "s3.example", target, tc.header, tc.body); refusal != nil || c.needs() != tc.needs {
			t.Errorf("%s %v %s: %s, %+v", tc.line, tc.header, tc.body, c.needs(), refusal)
		}
	}
	e := storeGate(t, "", nil, "allow any PUT,DELETE /drop/*")
	for _, method := range []string{"PUT", "DELETE"} {
		r := asks(method + " /drop/k")
		r.Header["If-Match"] = []string{`"e"`}
		want(t, e, r, Denied)
	}
}

func TestTagsOfANewBucketAreConditionKeys(t *testing.T) {
	const begin, end = "<CreateBucketConfiguration><Tags>", "</Tags></CreateBucketConfiguration>"
	tag := func(key, value string) string { return "<Tag><Key>" + key + "</Key><Value>" + value + "</Value></Tag>" }
	c, refusal := mapS3(plainS3, "PUT", "s3.example", "/b-1", nil, begin+tag("Team", "red")+tag("cost", " 5")+end)
	if refusal != nil || c.needs() != "CreateBucket b-1, TagResource b-1" {
		t.Fatalf("%s, %+v", c.needs(), refusal)
	}
	for i := range c.targets {
		c.target = &c.targets[i]
		for key, value := range map[string]string{"aws:requesttag/team": "red", "aws:requesttag/cost": " 5", "aws:tagkeys": "Team,cost", "aws:requesttag/x": "-", "s3:requestobjecttag/team": "-"} {
			if got := show(c.Lookup(key)); got != value {
				t.Errorf("%s: %s is %q, want %q", c.target.action, key, got, value)
			}
		}
	}
	for _, body := range []string{begin + tag("a", "1") + tag("a", "2") + end, begin + "<Tag><Key>a</Key></Tag>" + end, begin + "<Other/>" + end,
		begin + "<Tag><Key>a<b/></Key><Value>x</Value></Tag>" + end} {
		if c, refusal := mapS3(plainS3, "PUT", "s3.example", "/b-1", nil, body); refusal == nil {
			t.Errorf("%s: %s", body, c.needs())
		}
	}
	if c, _ := mapS3(plainS3, "PUT", "s3.example", "/b-1/k?tagging", nil, "<Tagging><TagSet>"+tag("a", "1")+"</TagSet></Tagging>"); true {
		c.target = &c.targets[0]
		if got := show(c.Lookup("aws:tagkeys")); got != "-" {
			t.Errorf("the tags of an object are those of a request: %s", got)
		}
	}
}

func TestThreatPartsOfADocumentThatNobodyDecidedOnAreRefused(t *testing.T) {
	for line, bodies := range map[string][]string{
		"POST /b-1?delete": {
			"<Delete><Quiet><Object><Key>secret</Key></Object></Quiet><Object><Key>k</Key></Object></Delete>",
			"<Delete><Quiet>true</Quiet><Quiet>false</Quiet><Object><Key>k</Key></Object></Delete>",
			"<Delete><Quiet>maybe</Quiet><Object><Key>k</Key></Object></Delete>",
			"<Delete><Object><Key>k<Key>l</Key></Key></Object></Delete>",
			"<Delete><Object><Key>k</Key><VersionId>../v</VersionId></Object></Delete>",
		},
		"PUT /b-1": {"<CreateBucketConfiguration><LocationConstraint><LocationConstraint>eu</LocationConstraint></LocationConstraint></CreateBucketConfiguration>"},
		"PUT /b-1/k?retention": {
			"<Retention><Mode><Mode>GOVERNANCE</Mode></Mode></Retention>", "<Retention><Mode>compliance</Mode></Retention>",
			"<Retention><RetainUntilDate>1795000000</RetainUntilDate></Retention>",
		},
		"PUT /b-1/k?legal-hold": {"<LegalHold><Status><Status>ON</Status></Status></LegalHold>", "<LegalHold><Status>on</Status></LegalHold>"},
		"PUT /b-1/k?tagging":    {"<Tagging><TagSet><Tag><Key>a<Key>b</Key></Key><Value>c</Value></Tag></TagSet></Tagging>"},
		"POST /b-1/k?restore": {
			"<Restore><Days>1</Days></Restore>", "<RestoreRequest><Days>1</Days><Other>x</Other></RestoreRequest>",
			"<RestoreRequest><Days><OutputLocation>x</OutputLocation></Days></RestoreRequest>",
			"<RestoreRequest><GlacierJobParameters><OutputLocation>x</OutputLocation></GlacierJobParameters></RestoreRequest>",
		},
	} {
		method, target, _ := strings.Cut(line, " ")
		for _, body := range bodies {
			if c, refusal := mapS3(plainS3, method, "s3.example", target, nil, body); refusal == nil {
				t.Errorf("%s %s: %s", line, body, c.needs())
			}
		}
	}
	whole := "<RestoreRequest><Days>1</Days><GlacierJobParameters><Tier>Bulk</Tier></GlacierJobParameters></RestoreRequest>"
	if _, refusal := mapS3(plainS3, "POST", "s3.example", "/b-1/k?restore", nil, whole); refusal != nil {
		t.Errorf("%+v", refusal)
	}
}

func TestTagsKeepTheirCaseAndWhiteSpace(t *testing.T) {
	const body = "<Tagging><TagSet><Tag><Key>Name</Key><Value>1</Value></Tag><Tag><Key>name</Key><Value> 2</Value></Tag><Tag><Key> name</Key><Value>3</Value></Tag></TagSet></Tagging>"
	c := forwarded(t, plainS3, "PUT", "s3.example", "/b-1/k?tagging", nil, body)
	if root, err := s3xml.Parse(c.body); err != nil || len(root.Children[0].Children) != 3 || root.Children[0].Children[2].Children[0].Text != " name" {
		t.Errorf("%s, %v", c.body, err)
	}
	c.target = &c.targets[0]
	if got := show(c.Lookup("s3:requestobjecttagkeys")); got != "Name,name, name" || c.unsure != nil {
		t.Errorf("keys %s, %+v", got, c.unsure)
	}
	if c.Lookup("s3:requestobjecttag/name"); c.unsure == nil || c.unsure.Reason != AmbiguousValue {
		t.Errorf("a tag with two values: %+v", c.unsure)
	}
	if _, refusal := mapS3(plainS3, "PUT", "s3.example", "/b-1/k", h("X-Amz-Tagging", "a=1&a=2"), ""); refusal == nil || refusal.Reason != InvalidValue {
		t.Errorf("%+v", refusal)
	}
}

// The tags of the source are not known, so that no policy on tags can hold for them.
func TestThreatACopyTakesNoTagsPastAPolicyOnTags(t *testing.T) {
	document := must(policy.Parse([]byte(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"},
		{"Effect":"Deny","Action":["s3:PutObject","s3:PutObjectTagging"],"Resource":"*","Condition":{"StringEquals":{"s3:RequestObjectTag/team":"red"}}}]}`), policy.Identity))
	e := storeGate(t, "", func(o *Options) { o.Policies = []policy.Source{{Name: "tags", Document: document}} })
	for _, tc := range []struct {
		pairs   []string
		outcome Outcome
		sent    string // x-amz-tagging-directive at the store
	}{
		{nil, Allowed, "REPLACE"},
		{[]string{"X-Amz-Tagging-Directive", "REPLACE"}, Allowed, "REPLACE"},
		{[]string{"X-Amz-Tagging-Directive", "REPLACE", "X-Amz-Tagging", "team=red"}, Denied, ""},
		{[]string{"X-Amz-Tagging-Directive", "COPY"}, Denied, ""},
		{[]string{"X-Amz-Tagging-Directive", "COPY", "X-Amz-Tagging", "team=blue"}, Denied, ""},
		{[]string{"X-Amz-Tagging", "team=blue"}, Denied, ""},
	} {
		r := asks("PUT /data/a < data/b")
		for i := 0; i < len(tc.pairs); i += 2 {
			r.Header[tc.pairs[i]] = []string{tc.pairs[i+1]}
		}
		want(t, e, r, tc.outcome)
		if got := r.Header.Get("X-Amz-Tagging-Directive"); tc.outcome == Allowed && got != tc.sent {
			t.Errorf("%v: the directive is %q", tc.pairs, got)
		}
	}
}
