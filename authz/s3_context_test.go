package authz

import (
	"net/http"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/authz/policy"
)

// Each key is present for the actions that have it, and absent for all others.
func TestS3ContextKeys(t *testing.T) {
	for _, tc := range []struct {
		line   string
		header http.Header
		body   string
		want   string // "action key=value …" of the targets, "-" for absent
	}{
		{"GET /b-1?prefix=a%20b/&delimiter=/&max-keys=5", nil, "", "ListBucket prefix=a b/ delimiter=/ max-keys=5"},
		{"GET /b-1", nil, "", "ListBucket prefix=- delimiter=-"},
		{"GET /b-1?prefix=", nil, "", "ListBucket prefix="},
		{"GET /b-1?uploads&prefix=a", nil, "", "ListBucketMultipartUploads prefix=-"},
		{"GET /b-1/k?versionId=v1", nil, "", "GetObjectVersion versionid=v1"},
		{"GET /b-1/k", h("x-amz-acl", "private", "if-match", "y", "x-amz-storage-class", "z"), "", "GetObject x-amz-acl=- if-match=- x-amz-storage-class=-"},
		{"PUT /b-1/k", h("x-amz-acl", "public-read", "x-amz-storage-class", "STANDARD_IA", "x-amz-server-side-encryption", "aws:kms", "if-none-match", "*"), "",
			"PutObject x-amz-acl=public-read x-amz-storage-class=STANDARD_IA x-amz-server-side-encryption=aws:kms if-none-match=* objectcreationoperation=true versionid=-"},
		{"PUT /b-1/k", h("x-amz-acl", "public-read", "x-amz-server-side-encryption", "AES256"), "", "PutObject; PutObjectAcl x-amz-acl=public-read x-amz-server-side-encryption=-"},
		{"PUT /b-1/k?partNumber=1&uploadId=u", nil, "", "PutObject objectcreationoperation=false"},
		{"POST /b-1/k?uploads", nil, "", "PutObject objectcreationoperation=false"},
		{"POST /b-1/k?uploadId=u", nil, "", "PutObject objectcreationoperation=true"},
		{"PUT /b-1/k", h("x-amz-tagging", "Team=red&b=c%20d"), "", "PutObject requestobjecttag/team=red requestobjecttag/b=c d requestobjecttagkeys=Team,b requestobjecttag/x=-"},
		{"PUT /b-1/k?tagging", nil, "<Tagging><TagSet><Tag><Key>team</Key><Value>red</Value></Tag></TagSet></Tagging>", "PutObjectTagging requestobjecttag/team=red"},
		{"PUT /b-1/k", h("x-amz-copy-source", "/src/a?versionId=v", "x-amz-metadata-directive", "REPLACE", "x-amz-tagging-directive", "REPLACE"), "",
			"PutObject x-amz-copy-source=src/a x-amz-metadata-directive=REPLACE versionid=-; GetObjectVersion versionid=v x-amz-copy-source=-"},
		{"PUT /b-1/k", h("x-amz-object-lock-mode", "COMPLIANCE", "x-amz-object-lock-retain-until-date", "2026-11-26T00:00:00Z"), "",
			"PutObject; PutObjectRetention object-lock-mode=COMPLIANCE object-lock-remaining-retention-days=5"},
		{"PUT /b-1/k?retention", nil, "<Retention><Mode>GOVERNANCE</Mode><RetainUntilDate>2026-11-25T12:00:00Z</RetainUntilDate></Retention>",
			"PutObjectRetention object-lock-mode=GOVERNANCE object-lock-retain-until-date=2026-11-25T12:00:00Z object-lock-remaining-retention-days=4"},
		{"PUT /b-1/k?legal-hold", nil, "<LegalHold><Status>ON</Status></LegalHold>", "PutObjectLegalHold object-lock-legal-hold=ON"},
		{"DELETE /b-1/k", h("if-match", "e"), "", "DeleteObject if-match=e if-none-match=-"},
		{"PUT /b-1", h("x-amz-object-ownership", "ObjectWriter"), "<CreateBucketConfiguration><LocationConstraint>eu-west-1</LocationConstraint></CreateBucketConfiguration>",
			"CreateBucket locationconstraint=eu-west-1 x-amz-object-ownership=ObjectWriter"},
		{"GET /b-1/k", h("x-amz-content-sha256", "UNSIGNED-PAYLOAD"), "",
			"GetObject authtype=REST-HEADER signatureversion=AWS4-HMAC-SHA256 signatureage=90000 x-amz-content-sha256=UNSIGNED-PAYLOAD tlsversion=1.3 resourceaccount=123456789012"},
		{"GET /b-1?object-lock", h("x-amz-content-sha256", "x"), "", "GetBucketObjectLockConfiguration x-amz-content-sha256=-"},
		{"GET /", nil, "", "ListAllMyBuckets resourceaccount=-"},
	} {
		method, target, _ := strings.Cut(tc.line, " ")
		c, refusal := mapS3(&S3Mapping{Region: testRegion, Account: testAccount}, method, "s3.example", target, tc.header, tc.body)
		if refusal != nil {
			t.Errorf("%s: %+v", tc.line, refusal)
			continue
		}
		for i, part := range strings.Split(tc.want, "; ") {
			checkKeys(t, c, i, tc.line, part)
		}
		if c.unsure != nil {
			t.Errorf("%s: %+v", tc.line, c.unsure)
		}
	}
}

func checkKeys(t *testing.T, c *call, i int, line, part string) {
	t.Helper()
	action, keys, _ := strings.Cut(part, " ")
	c.target = &c.targets[i]
	if c.target.action != "s3:"+action {
		t.Errorf("%s: target %d is %s, want %s", line, i, c.target.action, action)
		return
	}
	// Values may contain spaces: a word without "=" belongs to the previous one.
	var pairs []string
	for _, word := range strings.Fields(keys) {
		if strings.Contains(word, "=") {
			pairs = append(pairs, word)
		} else {
			pairs[len(pairs)-1] += " " + word
		}
	}
	for _, pair := range pairs {
		key, expected, _ := strings.Cut(pair, "=")
		if got := show(c.Lookup("s3:" + key)); got != expected {
			t.Errorf("%s: %s s3:%s = %q, want %q", line, action, key, got, expected)
		}
	}
}

func show(v policy.Values) string {
	if v.Len() == 0 {
		return "-"
	}
	var list []string
	for i := range v.Len() {
		list = append(list, v.At(i))
	}
	return strings.Join(list, ",")
}
