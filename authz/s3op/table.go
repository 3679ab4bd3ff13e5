package s3op

// Level is what a request is about: the service, a bucket or an object.
type Level uint8

// The levels.
const (
	Service Level = 1 << iota
	Bucket
	Object
)

// Flag is what an operation has beyond its actions.
type Flag uint16

// The flags.
const (
	Writes      Flag = 1 << iota // creates an object: ACL, tagging and lock headers require their own actions
	Copies                       // x-amz-copy-source is allowed
	Bypasses                     // x-amz-bypass-governance-retention is allowed
	Creates                      // the headers of CreateBucket
	Reads                        // GET and HEAD of an object: response-* parameters, ranges and preconditions of reads
	Deletes                      // DELETE of an object: if-match is allowed
	TagsBody                     // the body is a Tagging document
	DeleteBody                   // the body is a Delete document
	RestoreBody                  // the body is a RestoreRequest document
	LockBody                     // the body is a Retention or LegalHold document
	CreateBody                   // the body may be a CreateBucketConfiguration document
	Grants                       // the headers of an ACL
	SourceTags                   // a copy of a whole object brings its tags along
	Selects                      // reads the object by another method than GET
)

// Op is a row of "Required permissions for Amazon S3 API operations" in the S3 User Guide.
type Op struct {
	Actions   []string // all of them are needed
	Versioned []string // needed instead, with versionId; nil means that versionId is refused, unless SameVersion is set
	// SameVersion allows versionId without changing the actions.
	SameVersion bool
	Params      []string // further parameters
	Required    []string // those that the request must have, since it is another operation without them
	Flags       Flag
}

// Has reports whether the operation has one of the flags.
func (op *Op) Has(flags Flag) bool { return op.Flags&flags != 0 }

// Key is the key of a row.
type Key struct {
	Level    Level  // what the request is about
	Method   string // of HTTP
	Selector string // the parameter that selects the operation; "" = none
}

// Find returns the operation of a request; nil if it is not served.
func Find(key Key) *Op { return table[key] }

// All calls f for each operation that is served.
func All(f func(Key, *Op)) {
	for key, op := range table {
		f(key, op)
	}
}

// Selector returns the levels at which the parameter selects the operation; 0 for another parameter.
func Selector(name string) Level { return selectors[name] }

// Exists reports whether S3 has an operation with the selector that the table has not.
func Exists(selector string) bool { return notServed[selector] }

// selectors are the parameters that select the operation, with the levels at which they do. One without a row is
// refused.
var selectors = func() map[string]Level {
	m := make(map[string]Level)
	for _, name := range []string{"abac", "accelerate", "acl", "analytics", "cors", "delete", "encryption",
		"intelligent-tiering", "inventory", "lifecycle", "location", "logging", "metadataConfiguration",
		"metadataInventoryTable", "metadataJournalTable", "metadataTable", "metrics", "notification", "object-lock",
		"ownershipControls", "policy", "policyStatus", "publicAccessBlock", "replication", "requestPayment", "session",
		"tagging", "uploads", "versioning", "versions", "website"} {
		m[name] |= Bucket
	}
	for _, name := range []string{"acl", "attributes", "encryption", "legal-hold", "renameObject", "restore", "retention",
		"select", "tagging", "torrent", "uploads", "uploadId"} {
		m[name] |= Object
	}
	return m
}()

// rows are the operations that are served.
type rows map[Key]*Op

var table = func() rows {
	t := make(rows, 128)
	t[Key{Service, "GET", ""}] = &Op{Actions: []string{"s3:ListAllMyBuckets"},
		Params: []string{"max-buckets", "continuation-token", "prefix", "bucket-region"}}
	t.readObjects()
	t.writeObjects()
	t.buckets()
	t.bucketSettings()
	return t
}()

func (t rows) object(method, selector string, op *Op) { t[Key{Object, method, selector}] = op }
func (t rows) bucket(method, selector string, op *Op) { t[Key{Bucket, method, selector}] = op }

// do returns a row that needs the actions and takes no parameters.
func do(actions ...string) *Op { return &Op{Actions: actions} }

func (t rows) readObjects() {
	get := []string{"s3:GetObject"}
	getVersion := []string{"s3:GetObjectVersion"}
	t.object("GET", "", &Op{Actions: get, Versioned: getVersion, Flags: Reads, Params: []string{"partNumber"}})
	t.object("HEAD", "", &Op{Actions: get, Versioned: getVersion, Flags: Reads, Params: []string{"partNumber"}})
	t.object("GET", "attributes", &Op{Actions: []string{"s3:GetObject", "s3:GetObjectAttributes"},
		Versioned: []string{"s3:GetObjectVersion", "s3:GetObjectVersionAttributes"},
		Params:    []string{"max-parts", "part-number-marker"}})
	t.object("GET", "acl", &Op{Actions: []string{"s3:GetObjectAcl"}, Versioned: []string{"s3:GetObjectVersionAcl"}})
	t.object("GET", "tagging", &Op{Actions: []string{"s3:GetObjectTagging"},
		Versioned: []string{"s3:GetObjectVersionTagging"}})
	t.object("GET", "retention", &Op{Actions: []string{"s3:GetObjectRetention"}, SameVersion: true})
	t.object("GET", "legal-hold", &Op{Actions: []string{"s3:GetObjectLegalHold"}, SameVersion: true})
	t.object("GET", "torrent", do("s3:GetObject", "s3:GetObjectTorrent"))
	t.object("GET", "uploadId", &Op{Actions: []string{"s3:ListMultipartUploadParts"},
		Params: []string{"max-parts", "part-number-marker", "encoding-type"}})
}

func (t rows) writeObjects() {
	put := []string{"s3:PutObject"}
	t.object("PUT", "", &Op{Actions: put, Flags: Writes | Copies | SourceTags})
	t.object("PUT", "uploadId", &Op{Actions: put, Flags: Writes | Copies,
		Params: []string{"partNumber"}, Required: []string{"partNumber"}})
	t.object("PUT", "acl", &Op{Actions: []string{"s3:PutObjectAcl"}, Versioned: []string{"s3:PutObjectVersionAcl"},
		Flags: Grants})
	t.object("PUT", "tagging", &Op{Actions: []string{"s3:PutObjectTagging"},
		Versioned: []string{"s3:PutObjectVersionTagging"}, Flags: TagsBody})
	t.object("PUT", "retention", &Op{Actions: []string{"s3:PutObjectRetention"}, SameVersion: true,
		Flags: Bypasses | LockBody})
	t.object("PUT", "legal-hold", &Op{Actions: []string{"s3:PutObjectLegalHold"}, SameVersion: true, Flags: LockBody})
	t.object("PUT", "encryption", &Op{Actions: []string{"s3:PutObject", "s3:UpdateObjectEncryption"}, SameVersion: true})
	t.object("DELETE", "", &Op{Actions: []string{"s3:DeleteObject"}, Versioned: []string{"s3:DeleteObjectVersion"},
		Flags: Deletes | Bypasses})
	t.object("DELETE", "tagging", &Op{Actions: []string{"s3:DeleteObjectTagging"},
		Versioned: []string{"s3:DeleteObjectVersionTagging"}})
	t.object("DELETE", "uploadId", do("s3:AbortMultipartUpload"))
	t.object("POST", "restore", &Op{Actions: []string{"s3:RestoreObject"}, SameVersion: true, Flags: RestoreBody})
	t.object("POST", "select", &Op{Actions: []string{"s3:GetObject"}, Params: []string{"select-type"}, Required: []string{"select-type"}, Flags: Selects})
	t.object("POST", "uploads", &Op{Actions: put, Flags: Writes})
	t.object("POST", "uploadId", &Op{Actions: put, Flags: Writes})
}

func (t rows) buckets() {
	list := []string{"prefix", "delimiter", "max-keys", "encoding-type"}
	t.bucket("GET", "", &Op{Actions: []string{"s3:ListBucket"},
		Params: append([]string{"list-type", "marker", "continuation-token", "start-after", "fetch-owner"}, list...)})
	t.bucket("HEAD", "", do("s3:ListBucket"))
	t.bucket("PUT", "", &Op{Actions: []string{"s3:CreateBucket"}, Flags: Creates | CreateBody})
	t.bucket("DELETE", "", do("s3:DeleteBucket"))
	t.bucket("GET", "versions", &Op{Actions: []string{"s3:ListBucketVersions"},
		Params: append([]string{"key-marker", "version-id-marker"}, list...)})
	t.bucket("GET", "uploads", &Op{Actions: []string{"s3:ListBucketMultipartUploads"},
		Params: []string{"prefix", "delimiter", "encoding-type", "key-marker", "upload-id-marker", "max-uploads"}})
	t.bucket("POST", "delete", &Op{Flags: DeleteBody | Bypasses})
	t.bucket("GET", "location", do("s3:GetBucketLocation"))
}

func (t rows) bucketSettings() {
	for selector, name := range map[string]string{"acl": "Acl", "tagging": "Tagging", "versioning": "Versioning",
		"website": "Website", "logging": "Logging", "notification": "Notification", "requestPayment": "RequestPayment"} {
		t.bucket("GET", selector, do("s3:GetBucket"+name))
		t.bucket("PUT", selector, do("s3:PutBucket"+name))
	}
	t.bucket("PUT", "acl", &Op{Actions: []string{"s3:PutBucketAcl"}, Flags: Grants})
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
		t.bucket("GET", selector, &Op{Actions: []string{"s3:Get" + name + "Configuration"},
			Params: []string{"id", "continuation-token"}})
		t.bucket("PUT", selector, &Op{Actions: []string{"s3:Put" + name + "Configuration"}, Params: []string{"id"}})
		t.bucket("DELETE", selector, &Op{Actions: []string{"s3:Put" + name + "Configuration"}, Params: []string{"id"}})
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

// notServed are selectors of operations that S3 has and the table has not.
var notServed = map[string]bool{"session": true, "renameObject": true}
