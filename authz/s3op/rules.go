package s3op

// RuleActions are the actions that a rule on a path allows: those on objects and buckets as such. Reading an object's tags is reading the
// object: clients do it before they copy. GetBucketLocation is among them because clients ask for the location before anything else.
var RuleActions = []string{"s3:AbortMultipartUpload", "s3:CreateBucket", "s3:DeleteBucket", "s3:DeleteObject", "s3:DeleteObjectVersion",
	"s3:GetBucketLocation", "s3:GetObject", "s3:GetObjectAttributes", "s3:GetObjectTagging", "s3:GetObjectVersion",
	"s3:GetObjectVersionAttributes", "s3:GetObjectVersionTagging",
	"s3:ListAllMyBuckets", "s3:ListBucket", "s3:ListBucketMultipartUploads", "s3:ListBucketVersions", "s3:ListMultipartUploadParts",
	"s3:PutObject"}
