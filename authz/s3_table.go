package authz

// s3Level is what a request is about: the service, a bucket or an object.
type s3Level uint8

const (
	s3Service s3Level = 1 << iota
	s3Bucket
	s3Object
)

// s3Flag selects the checks beyond method and selector.
type s3Flag uint16

const (
	s3Writes      s3Flag = 1 << iota // ACL, tagging and lock headers require their own actions
	s3Copies                         // x-amz-copy-source is allowed
	s3Bypasses                       // x-amz-bypass-governance-retention is allowed
	s3Creates                        // the headers of CreateBucket
	s3Overrides                      // response-* parameters are allowed
	s3TagsBody                       // the body is a Tagging document
	s3DeleteBody                     // the body is a Delete document
	s3RestoreBody                    // the body is a RestoreRequest document
	s3LockBody                       // the body is a Retention or LegalHold document
	s3CreateBody                     // the body may be a CreateBucketConfiguration document
	s3Grants                         // the headers of an ACL
	s3SourceTags                     // a copy of a whole object brings its tags along
	s3Reads                          // reads by another method than GET
)

// s3Op is a row of "Required permissions for Amazon S3 API operations" in the S3 User Guide.
type s3Op struct {
	actions   []string // all of them are needed
	versioned []string // needed instead, with versionId; nil means that versionId is refused, unless sameVersion is set
	// sameVersion allows versionId without changing the actions.
	sameVersion bool
	params      []string // further parameters
	flags       s3Flag
}

// s3Key is the key of a row. selector is "" for a request without one.
type s3Key struct {
	level    s3Level
	method   string
	selector string
}

// s3Selectors are the parameters that select the operation, with the levels at which they do. One without a row is
// refused.
var s3Selectors = func() map[string]s3Level {
	m := make(map[string]s3Level)
	for _, name := range []string{"abac", "accelerate", "acl", "analytics", "cors", "delete", "encryption",
		"intelligent-tiering", "inventory", "lifecycle", "location", "logging", "metadataConfiguration",
		"metadataInventoryTable", "metadataJournalTable", "metadataTable", "metrics", "notification", "object-lock",
		"ownershipControls", "policy", "policyStatus", "publicAccessBlock", "replication", "requestPayment", "session",
		"tagging", "uploads", "versioning", "versions", "website"} {
		m[name] |= s3Bucket
	}
	for _, name := range []string{"acl", "attributes", "encryption", "legal-hold", "renameObject", "restore", "retention",
		"select", "tagging", "torrent", "uploads", "uploadId"} {
		m[name] |= s3Object
	}
	return m
}()

// s3Rows are the operations that are served.
type s3Rows map[s3Key]*s3Op

var s3Table = func() s3Rows {
	t := make(s3Rows, 128)
	t[s3Key{s3Service, "GET", ""}] = &s3Op{actions: []string{"s3:ListAllMyBuckets"},
		params: []string{"max-buckets", "continuation-token", "prefix", "bucket-region"}}
	t.readObjects()
	t.writeObjects()
	t.buckets()
	t.bucketSettings()
	return t
}()

func (t s3Rows) object(method, selector string, op *s3Op) { t[s3Key{s3Object, method, selector}] = op }
func (t s3Rows) bucket(method, selector string, op *s3Op) { t[s3Key{s3Bucket, method, selector}] = op }

// do returns a row that needs the actions and takes no parameters.
func do(actions ...string) *s3Op { return &s3Op{actions: actions} }

func (t s3Rows) readObjects() {
	get := []string{"s3:GetObject"}
	getVersion := []string{"s3:GetObjectVersion"}
	t.object("GET", "", &s3Op{actions: get, versioned: getVersion, flags: s3Overrides, params: []string{"partNumber"}})
	t.object("HEAD", "", &s3Op{actions: get, versioned: getVersion, flags: s3Overrides, params: []string{"partNumber"}})
	t.object("GET", "attributes", &s3Op{actions: []string{"s3:GetObject", "s3:GetObjectAttributes"},
		versioned: []string{"s3:GetObjectVersion", "s3:GetObjectVersionAttributes"},
		params:    []string{"max-parts", "part-number-marker"}})
	t.object("GET", "acl", &s3Op{actions: []string{"s3:GetObjectAcl"}, versioned: []string{"s3:GetObjectVersionAcl"}})
	t.object("GET", "tagging", &s3Op{actions: []string{"s3:GetObjectTagging"},
		versioned: []string{"s3:GetObjectVersionTagging"}})
	t.object("GET", "retention", &s3Op{actions: []string{"s3:GetObjectRetention"}, sameVersion: true})
	t.object("GET", "legal-hold", &s3Op{actions: []string{"s3:GetObjectLegalHold"}, sameVersion: true})
	t.object("GET", "torrent", do("s3:GetObject", "s3:GetObjectTorrent"))
	t.object("GET", "uploadId", &s3Op{actions: []string{"s3:ListMultipartUploadParts"},
		params: []string{"max-parts", "part-number-marker", "encoding-type"}})
}

func (t s3Rows) writeObjects() {
	put := []string{"s3:PutObject"}
	t.object("PUT", "", &s3Op{actions: put, flags: s3Writes | s3Copies | s3SourceTags})
	t.object("PUT", "uploadId", &s3Op{actions: put, flags: s3Writes | s3Copies, params: []string{"partNumber"}})
	t.object("PUT", "acl", &s3Op{actions: []string{"s3:PutObjectAcl"}, versioned: []string{"s3:PutObjectVersionAcl"},
		flags: s3Grants})
	t.object("PUT", "tagging", &s3Op{actions: []string{"s3:PutObjectTagging"},
		versioned: []string{"s3:PutObjectVersionTagging"}, flags: s3TagsBody})
	t.object("PUT", "retention", &s3Op{actions: []string{"s3:PutObjectRetention"}, sameVersion: true,
		flags: s3Bypasses | s3LockBody})
	t.object("PUT", "legal-hold", &s3Op{actions: []string{"s3:PutObjectLegalHold"}, sameVersion: true, flags: s3LockBody})
	t.object("PUT", "encryption", &s3Op{actions: []string{"s3:PutObject", "s3:UpdateObjectEncryption"}, sameVersion: true})
	t.object("DELETE", "", &s3Op{actions: []string{"s3:DeleteObject"}, versioned: []string{"s3:DeleteObjectVersion"},
		flags: s3Bypasses})
	t.object("DELETE", "tagging", &s3Op{actions: []string{"s3:DeleteObjectTagging"},
		versioned: []string{"s3:DeleteObjectVersionTagging"}})
	t.object("DELETE", "uploadId", do("s3:AbortMultipartUpload"))
	t.object("POST", "restore", &s3Op{actions: []string{"s3:RestoreObject"}, sameVersion: true, flags: s3RestoreBody})
	t.object("POST", "select", &s3Op{actions: []string{"s3:GetObject"}, params: []string{"select-type"}, flags: s3Reads})
	t.object("POST", "uploads", &s3Op{actions: put, flags: s3Writes})
	t.object("POST", "uploadId", &s3Op{actions: put, flags: s3Writes})
}

func (t s3Rows) buckets() {
	list := []string{"prefix", "delimiter", "max-keys", "encoding-type"}
	t.bucket("GET", "", &s3Op{actions: []string{"s3:ListBucket"},
		params: append([]string{"list-type", "marker", "continuation-token", "start-after", "fetch-owner"}, list...)})
	t.bucket("HEAD", "", do("s3:ListBucket"))
	t.bucket("PUT", "", &s3Op{actions: []string{"s3:CreateBucket"}, flags: s3Creates | s3CreateBody})
	t.bucket("DELETE", "", do("s3:DeleteBucket"))
	t.bucket("GET", "versions", &s3Op{actions: []string{"s3:ListBucketVersions"},
		params: append([]string{"key-marker", "version-id-marker"}, list...)})
	t.bucket("GET", "uploads", &s3Op{actions: []string{"s3:ListBucketMultipartUploads"},
		params: []string{"prefix", "delimiter", "encoding-type", "key-marker", "upload-id-marker", "max-uploads"}})
	t.bucket("POST", "delete", &s3Op{flags: s3DeleteBody | s3Bypasses})
	t.bucket("GET", "location", do("s3:GetBucketLocation"))
}

func (t s3Rows) bucketSettings() {
	for selector, name := range map[string]string{"acl": "Acl", "tagging": "Tagging", "versioning": "Versioning",
		"website": "Website", "logging": "Logging", "notification": "Notification", "requestPayment": "RequestPayment"} {
		t.bucket("GET", selector, do("s3:GetBucket"+name))
		t.bucket("PUT", selector, do("s3:PutBucket"+name))
	}
	t.bucket("PUT", "acl", &s3Op{actions: []string{"s3:PutBucketAcl"}, flags: s3Grants})
	t.bucket("DELETE", "tagging", do("s3:PutBucketTagging"))
	t.bucket("DELETE", "website", do("s3:DeleteBucketWebsite"))
	t.bucket("GET", "policy", do("s3:GetBucketPolicy"))
	t.bucket("PUT", "policy", do("s3:PutBucketPolicy"))
	t.bucket("DELETE", "policy", do("s3:DeleteBucketPolicy"))
	t.bucket("GET", "policyStatus", do("s3:GetBucketPolicyStatus"))
	for selector, name := range map[string]string{"cors": "BucketCORS", "lifecycle": "LifecycleConfiguration",
		"encryption": "EncryptionConfiguration", "replication": "ReplicationConfiguration",
		"ownershipControls": "BucketOwnershipControls", "publicAccessBlock": "BucketPublicAccessBlock"} {
		t.bucket("GET", selector, do("s3:Get"+name))
		t.bucket("PUT", selector, do("s3:Put"+name))
		t.bucket("DELETE", selector, do("s3:Put"+name))
	}
	for selector, name := range map[string]string{"analytics": "Analytics", "inventory": "Inventory",
		"metrics": "Metrics", "intelligent-tiering": "IntelligentTiering"} {
		t.bucket("GET", selector, &s3Op{actions: []string{"s3:Get" + name + "Configuration"},
			params: []string{"id", "continuation-token"}})
		t.bucket("PUT", selector, &s3Op{actions: []string{"s3:Put" + name + "Configuration"}, params: []string{"id"}})
		t.bucket("DELETE", selector, &s3Op{actions: []string{"s3:Put" + name + "Configuration"}, params: []string{"id"}})
	}
	for selector, name := range map[string]string{"accelerate": "AccelerateConfiguration",
		"object-lock": "BucketObjectLockConfiguration", "abac": "BucketAbac"} {
		t.bucket("GET", selector, do("s3:Get"+name))
		t.bucket("PUT", selector, do("s3:Put"+name))
	}
	for _, selector := range []string{"metadataConfiguration", "metadataTable"} {
		t.bucket("POST", selector, do("s3:CreateBucketMetadataTableConfiguration"))
		t.bucket("GET", selector, do("s3:GetBucketMetadataTableConfiguration"))
		t.bucket("DELETE", selector, do("s3:DeleteBucketMetadataTableConfiguration"))
	}
	t.bucket("PUT", "metadataInventoryTable", do("s3:UpdateBucketMetadataInventoryTableConfiguration"))
	t.bucket("PUT", "metadataJournalTable", do("s3:UpdateBucketMetadataJournalTableConfiguration"))
}

// s3NotServed are selectors of operations that S3 has and the table has not: they are UnknownRequest and not
// MethodNotServed.
var s3NotServed = map[string]bool{"session": true, "renameObject": true}
