package s3key

import "testing"

func TestABucketIsInTheHostNameOrInThePathOrTheHostIsRefused(t *testing.T) {
	site := func(host string) bool { return host == "s3.site.example" }
	for _, tc := range []struct {
		e            Endpoints
		host, bucket string
		refused      bool
	}{
		{Endpoints{}, "anything.example", "", false},
		{Endpoints{Names: []string{"s3.test", "eu.s3.test"}}, "s3.test", "", false},
		{Endpoints{Names: []string{"s3.test", "eu.s3.test"}}, "eu.s3.test", "", false},
		{Endpoints{Names: []string{"s3.test", "eu.s3.test"}}, "photos.s3.test", "photos", false},
		{Endpoints{Names: []string{"s3.test", "eu.s3.test"}}, "photos.eu.s3.test", "photos", false},
		{Endpoints{Names: []string{"s3.test"}}, "my.photos.s3.test", "my.photos", false},
		{Endpoints{Names: []string{"s3.test"}}, ".s3.test", "", true},
		{Endpoints{Names: []string{"s3.test"}}, "photosxs3.test", "", true},
		{Endpoints{Names: []string{"s3.test"}}, "127.0.0.1", "", true},
		{Endpoints{PathHost: site}, "s3.site.example", "", false},
		{Endpoints{PathHost: site}, "localhost", "", false},
		{Endpoints{PathHost: site}, "127.0.0.1", "", false},
		{Endpoints{PathHost: site}, "[::1]", "", false},
		{Endpoints{PathHost: site}, "photos.s3.site.example", "", true},
		{Endpoints{PathHost: site}, "photos.localhost", "", true},
		{Endpoints{PathHost: site}, "photos.127.0.0.1", "", true},
		{Endpoints{PathHost: site}, "1.127.0.0.1", "", true},
		{Endpoints{PathHost: site}, "other.example", "", true},
	} {
		bucket, err := tc.e.Bucket(tc.host)
		if bucket != tc.bucket || (err != nil) != tc.refused {
			t.Errorf("%v, %s: %q, %v", tc.e.Names, tc.host, bucket, err)
		}
	}
}
