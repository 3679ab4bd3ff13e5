package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/logging"

	"github.com/sluicegate/sluice/awsclient"
)

// s3Target says which bucket, and how it is reached.
type s3Target struct {
	bucket, prefix   string // the prefix has no slash at its ends
	endpoint, region string // "" = as AWS's tools find them
	pathStyle        bool
	patience         time.Duration // how long nothing may arrive or leave; 0 = stalled
}

// s3PartSize is the size of a part of an upload. S3 takes 10,000 parts, and so files of 640 GB.
const s3PartSize = 64 << 20

// bucket is the Place of an S3 bucket.
type bucket struct {
	*s3Target
	client *s3.Client
}

func (t *s3Target) open(ctx context.Context) (*bucket, error) {
	defaults(&t.patience, stalled)
	options := []func(*awsconfig.LoadOptions) error{awsconfig.WithHTTPClient(client(t.patience))}
	if t.region != "" {
		options = append(options, awsconfig.WithRegion(t.region))
	}
	loaded, err := awsconfig.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return nil, fmt.Errorf("AWS settings: %w", err)
	}
	if loaded.Region == "" {
		loaded.Region = "us-east-1" // stores that are not AWS's take any
	}
	t.region = loaded.Region
	return &bucket{t, s3.NewFromConfig(loaded, func(o *s3.Options) {
		o.HTTPClient = awsclient.Whole(o.HTTPClient)
		o.UsePathStyle = t.pathStyle
		o.Logger = logging.Nop{}
		if t.endpoint != "" {
			o.BaseEndpoint = &t.endpoint
			// Stores that are not AWS's have no checksums; the manifest has one.
			o.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenRequired
		}
	})}, nil
}

func (b *bucket) String() string { return strings.TrimSuffix("s3://"+b.bucket+"/"+b.prefix, "/") }

func (b *bucket) key(name string) *string {
	if b.prefix == "" {
		return &name
	}
	return aws.String(b.prefix + "/" + name)
}

func (b *bucket) put(ctx context.Context, name, file string, replace bool) error {
	in, err := os.Open(file)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }() // only read
	info, err := in.Stat()
	if err != nil {
		return err
	}
	var unlessThere *string
	if !replace {
		unlessThere = aws.String("*")
	}
	if info.Size() > s3PartSize {
		err = b.putParts(ctx, b.key(name), in, info.Size(), unlessThere)
	} else {
		_, err = b.client.PutObject(ctx, &s3.PutObjectInput{Bucket: &b.s3Target.bucket, Key: b.key(name), Body: in, IfNoneMatch: unlessThere})
	}
	return b.explain(name, err)
}

// putParts uploads a large file. An upload that fails leaves nothing, as far as the store can still be asked.
func (b *bucket) putParts(ctx context.Context, key *string, in *os.File, size int64, unlessThere *string) error {
	begun, err := b.client.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: &b.s3Target.bucket, Key: key})
	if err != nil {
		return err
	}
	var parts []types.CompletedPart
	for offset := int64(0); offset < size && err == nil; offset += s3PartSize {
		number := aws.Int32(int32(len(parts) + 1)) //nolint:gosec // G115: at most 10,000, beyond which S3 refuses
		var part *s3.UploadPartOutput
		part, err = b.client.UploadPart(ctx, &s3.UploadPartInput{Bucket: &b.s3Target.bucket, Key: key, UploadId: begun.UploadId, PartNumber: number,
			Body: io.NewSectionReader(in, offset, min(s3PartSize, size-offset))})
		if err == nil {
			parts = append(parts, types.CompletedPart{ETag: part.ETag, PartNumber: number, ChecksumCRC32: part.ChecksumCRC32})
		}
	}
	if err == nil {
		_, err = b.client.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{Bucket: &b.s3Target.bucket, Key: key, UploadId: begun.UploadId,
			MultipartUpload: &types.CompletedMultipartUpload{Parts: parts}, IfNoneMatch: unlessThere})
	}
	if err == nil {
		return nil
	}
	_, aborted := b.client.AbortMultipartUpload(context.WithoutCancel(ctx), &s3.AbortMultipartUploadInput{Bucket: &b.s3Target.bucket, Key: key, UploadId: begun.UploadId})
	return errors.Join(err, aborted)
}

func (b *bucket) get(ctx context.Context, name, file string, limit int64) error {
	found, err := b.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &b.s3Target.bucket, Key: b.key(name)})
	if err != nil {
		return b.explain(name, err)
	}
	defer func() { _ = found.Body.Close() }()
	return b.explain(name, save(found.Body, file, limit))
}

func (b *bucket) read(ctx context.Context, name string, limit int64) ([]byte, error) {
	found, err := b.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &b.s3Target.bucket, Key: b.key(name)})
	if err != nil {
		return nil, b.explain(name, err)
	}
	defer func() { _ = found.Body.Close() }()
	text, err := readAll(found.Body, limit)
	return text, b.explain(name, err)
}

func (b *bucket) list(ctx context.Context) ([]string, error) {
	prefix := ""
	if b.prefix != "" {
		prefix = b.prefix + "/"
	}
	var names []string
	pages := s3.NewListObjectsV2Paginator(b.client, &s3.ListObjectsV2Input{Bucket: &b.s3Target.bucket, Prefix: &prefix, Delimiter: aws.String("/")})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, b.explain("", err)
		}
		for _, object := range page.Contents {
			names = append(names, strings.TrimPrefix(*object.Key, prefix))
		}
		for _, below := range page.CommonPrefixes {
			names = append(names, strings.Trim(strings.TrimPrefix(*below.Prefix, prefix), "/"))
		}
	}
	return names, nil
}

func (b *bucket) remove(ctx context.Context, name string) error {
	_, err := b.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &b.s3Target.bucket, Key: b.key(name)})
	return b.explain(name, err)
}

// explain adds the place to an error of the store, and explains errors about existence.
func (b *bucket) explain(name string, err error) error {
	if err == nil {
		return nil
	}
	var refused smithy.APIError
	if errors.As(err, &refused) {
		switch refused.ErrorCode() {
		case "PreconditionFailed":
			err = fs.ErrExist
		case "NoSuchKey", "NotFound":
			err = fs.ErrNotExist
		case "AccessDenied", "InvalidObjectState": // the latter is for an object in an archive, as of S3 Glacier
			err = fmt.Errorf("%w: %w", fs.ErrPermission, err)
		}
	}
	return fmt.Errorf("%s/%s: %w", b, name, err)
}
