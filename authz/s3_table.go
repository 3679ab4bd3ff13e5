package authz

// s3Level is what a request is about.
type s3Level uint8

const (
	s3Service s3Level = 1 << iota
	s3Bucket
	s3Object
)

// s3Flag is what has to be looked at beyond method and selector.
type s3Flag uint16

const (
	s3Writes      s3Flag = 1 << iota // ACL, tagging and lock headers ask for actions of their own
	s3Copies                         // x-amz-copy-source is allowed
	s3Bypasses                       // x-amz-bypass-governance-retention is allowed
	s3Creates                        // the headers of CreateBucket
	s3Overrides                      // response-* parameters are allowed
	s3TagsBody                       // the body is a Tagging document
	s3DeleteBody                     // the body is a Delete document
	s3RestoreBody                    // the body is a RestoreRequest document
	s3LockBody                       // the body is a Retention or LegalHold document
	s3CreateBody                     // the body may be a CreateBucketConfiguration document
	s3SourceTags                     // a copy of a whole object brings its tags along
)

// s3Op is a row of the tables in the S3 user guide, "Required permissions for Amazon S3 API operations".
type s3Op struct {
	actions   []string // all of them are needed
	versioned []string // instead, when versionId is there; nil: versionId is refused, unless sameVersion
	// sameVersion: versionId is allowed and the actions stay.
	sameVersion bool
	params      []string // further parameters that are allowed
	flags       s3Flag
}

// s3Key finds a row. The selector is "" for a request without one.
type s3Key struct {
	level    s3Level
	method   string
	selector string
}

// s3Selectors are the parameters that choose the operation, and where. One that is in no row is refused.
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

// s3Table has every request that is served.
var s3Table = func() map[s3Key]*s3Op {
	t := make(map[s3Key]*s3Op, 128)
	object := func(method, selector string, op *s3Op) { t[s3Key{s3Object, method, selector}] = op }
	bucket := func(method, selector string, op *s3Op) { t[s3Key{s3Bucket, method, selector}] = op }
	do := func(actions ...string) *s3Op { return &s3Op{actions: actions} }

	t[s3Key{s3Service, "GET", ""}] = &s3Op{actions: []string{"s3:ListAllMyBuckets"},
		params: []string{"max-buckets", "continuation-token", "prefix", "bucket-region"}}

	get := []string{"s3:GetObject"}
	getVersion := []string{"s3:GetObjectVersion"}
	object("GET", "", &s3Op{actions: get, versioned: getVersion, flags: s3Overrides, params: []string{"partNumber"}})
	object("HEAD", "", &s3Op{actions: get, versioned: getVersion, flags: s3Overrides, params: []string{"partNumber"}})
	object("GET", "attributes", &s3Op{actions: []string{"s3:GetObject", "s3:GetObjectAttributes"},
		versioned: []string{"s3:GetObjectVersion", "s3:GetObjectVersionAttributes"},
		params:    []string{"max-parts", "part-number-marker"}})
	object("GET", "acl", &s3Op{actions: []string{"s3:GetObjectAcl"}, versioned: []string{"s3:GetObjectVersionAcl"}})
	object("GET", "tagging", &s3Op{actions: []string{"s3:GetObjectTagging"},
		versioned: []string{"s3:GetObjectVersionTagging"}})
	object("GET", "retention", &s3Op{actions: []string{"s3:GetObjectRetention"}, sameVersion: true})
	object("GET", "legal-hold", &s3Op{actions: []string{"s3:GetObjectLegalHold"}, sameVersion: true})
	object("GET", "torrent", do("s3:GetObject", "s3:GetObjectTorrent"))
	object("GET", "uploadId", &s3Op{actions: []string{"s3:ListMultipartUploadParts"},
		params: []string{"max-parts", "part-number-marker", "encoding-type"}})

	put := []string{"s3:PutObject"}
	object("PUT", "", &s3Op{actions: put, flags: s3Writes | s3Copies | s3SourceTags})
	object("PUT", "uploadId", &s3Op{actions: put, flags: s3Writes | s3Copies, params: []string{"partNumber"}})
	object("PUT", "acl", &s3Op{actions: []string{"s3:PutObjectAcl"}, versioned: []string{"s3:PutObjectVersionAcl"}})
	object("PUT", "tagging", &s3Op{actions: []string{"s3:PutObjectTagging"},
		versioned: []string{"s3:PutObjectVersionTagging"}, flags: s3TagsBody})
	object("PUT", "retention", &s3Op{actions: []string{"s3:PutObjectRetention"}, sameVersion: true,
		flags: s3Bypasses | s3LockBody})
	object("PUT", "legal-hold", &s3Op{actions: []string{"s3:PutObjectLegalHold"}, sameVersion: true, flags: s3LockBody})
	object("PUT", "encryption", &s3Op{actions: []string{"s3:PutObject", "s3:UpdateObjectEncryption"}, sameVersion: true})
	object("DELETE", "", &s3Op{actions: []string{"s3:DeleteObject"}, versioned: []string{"s3:DeleteObjectVersion"},
		flags: s3Bypasses})
	object("DELETE", "tagging", &s3Op{actions: []string{"s3:DeleteObjectTagging"},
		versioned: []string{"s3:DeleteObjectVersionTagging"}})
	object("DELETE", "uploadId", do("s3:AbortMultipartUpload"))
	object("POST", "restore", &s3Op{actions: []string{"s3:RestoreObject"}, sameVersion: true, flags: s3RestoreBody})
	object("POST", "select", &s3Op{actions: get, params: []string{"select-type"}})
	object("POST", "uploads", &s3Op{actions: put, flags: s3Writes})
	object("POST", "uploadId", &s3Op{actions: put, flags: s3Writes})

	list := []string{"prefix", "delimiter", "max-keys", "encoding-type"}
	bucket("GET", "", &s3Op{actions: []string{"s3:ListBucket"},
		params: append([]string{"list-type", "marker", "continuation-token", "start-after", "fetch-owner"}, list...)})
	bucket("HEAD", "", do("s3:ListBucket"))
	bucket("PUT", "", &s3Op{actions: []string{"s3:CreateBucket"}, flags: s3Creates | s3CreateBody})
	bucket("DELETE", "", do("s3:DeleteBucket"))
	bucket("GET", "versions", &s3Op{actions: []string{"s3:ListBucketVersions"},
		params: append([]string{"key-marker", "version-id-marker"}, list...)})
	bucket("GET", "uploads", &s3Op{actions: []string{"s3:ListBucketMultipartUploads"},
		params: []string{"prefix", "delimiter", "encoding-type", "key-marker", "upload-id-marker", "max-uploads"}})
	bucket("POST", "delete", &s3Op{flags: s3DeleteBody | s3Bypasses})
	bucket("GET", "location", do("s3:GetBucketLocation"))
	for selector, name := range map[string]string{"acl": "Acl", "tagging": "Tagging", "versioning": "Versioning",
		"website": "Website", "logging": "Logging", "notification": "Notification", "requestPayment": "RequestPayment"} {
		bucket("GET", selector, do("s3:GetBucket"+name))
		bucket("PUT", selector, do("s3:PutBucket"+name))
	}
	bucket("DELETE", "tagging", do("s3:PutBucketTagging"))
	bucket("DELETE", "website", do("s3:DeleteBucketWebsite"))
	bucket("GET", "policy", do("s3:GetBucketPolicy"))
	bucket("PUT", "policy", do("s3:PutBucketPolicy"))
	bucket("DELETE", "policy", do("s3:DeleteBucketPolicy"))
	bucket("GET", "policyStatus", do("s3:GetBucketPolicyStatus"))
	for selector, name := range map[string]string{"cors": "BucketCORS", "lifecycle": "LifecycleConfiguration",
		"encryption": "EncryptionConfiguration", "replication": "ReplicationConfiguration",
		"ownershipControls": "BucketOwnershipControls", "publicAccessBlock": "BucketPublicAccessBlock"} {
		bucket("GET", selector, do("s3:Get"+name))
		bucket("PUT", selector, do("s3:Put"+name))
		bucket("DELETE", selector, do("s3:Put"+name))
	}
	for selector, name := range map[string]string{"analytics": "Analytics", "inventory": "Inventory",
		"metrics": "Metrics", "intelligent-tiering": "IntelligentTiering"} {
		bucket("GET", selector, &s3Op{actions: []string{"s3:Get" + name + "Configuration"},
			params: []string{"id", "continuation-token"}})
		bucket("PUT", selector, &s3Op{actions: []string{"s3:Put" + name + "Configuration"}, params: []string{"id"}})
		bucket("DELETE", selector, &s3Op{actions: []string{"s3:Put" + name + "Configuration"}, params: []string{"id"}})
	}
	for selector, name := range map[string]string{"accelerate": "AccelerateConfiguration",
		"object-lock": "BucketObjectLockConfiguration", "abac": "BucketAbac"} {
		bucket("GET", selector, do("s3:Get"+name))
		bucket("PUT", selector, do("s3:Put"+name))
	}
	for _, selector := range []string{"metadataConfiguration", "metadataTable"} {
		bucket("POST", selector, do("s3:CreateBucketMetadataTableConfiguration"))
		bucket("GET", selector, do("s3:GetBucketMetadataTableConfiguration"))
		bucket("DELETE", selector, do("s3:DeleteBucketMetadataTableConfiguration"))
	}
	bucket("PUT", "metadataInventoryTable", do("s3:UpdateBucketMetadataInventoryTableConfiguration"))
	bucket("PUT", "metadataJournalTable", do("s3:UpdateBucketMetadataJournalTableConfiguration"))
	return t
}()

// s3NotServed are selectors of directory buckets and of forms, which get an answer of their own: 501.
var s3NotServed = map[string]bool{"session": true, "renameObject": true}
