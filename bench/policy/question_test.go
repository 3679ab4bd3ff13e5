package policy

import (
	"fmt"
	"testing"
)

// The rules: statement i allows a user to get and put objects of bucket i below "users/<own name>/", every third only over
// TLS; every tenth instead denies to delete there.

type rule struct {
	bucket  string
	actions []string
	deny    bool
	tls     bool
}

func rules(n int) []rule {
	out := make([]rule, n)
	for i := range out {
		out[i] = rule{bucket: bucketName(i), actions: []string{"s3:GetObject", "s3:PutObject"}, tls: i%3 == 0}
		if i%10 == 9 {
			out[i].deny, out[i].actions = true, []string{"s3:DeleteObject"}
		}
	}
	return out
}

func bucketName(i int) string { return fmt.Sprintf("bucket-%05d", i) }

// question is a request, independent of the engines.
type question struct {
	user, action, bucket, key string
	tls                       bool
}

// engine prepares a question and returns the function that decides it, which is measured.
type engine func(t testing.TB, rules []rule) func(q question) func() bool

var engines = []struct {
	name string
	new  engine
}{
	{"sluice", newSluice},
	{"cedar", newCedar},
	{"casbin", newCasbin},
	{"opa", newOPA},
}

func TestAllEnginesGiveTheSameAnswers(t *testing.T) {
	const n = 20
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			ask := e.new(t, rules(n))
			for i := range n + 1 {
				own := question{"jo", "s3:GetObject", bucketName(i), "users/jo/photo.jpg", true}
				foreign, plain, other := own, own, own
				foreign.key = "users/al/photo.jpg"
				plain.tls = false
				other.action = "s3:DeleteObject"
				exists := i < n && i%10 != 9
				for _, tc := range []struct {
					q    question
					want bool
				}{{own, exists}, {foreign, false}, {plain, exists && i%3 != 0}, {other, false}} {
					if got := ask(tc.q)(); got != tc.want {
						t.Errorf("%+v: %v, want %v", tc.q, got, tc.want)
					}
				}
			}
		})
	}
}

func BenchmarkDecide(b *testing.B) {
	for _, n := range []int{10, 100, 1_000, 10_000} {
		for _, e := range engines {
			b.Run(fmt.Sprintf("%s/%d", e.name, n), func(b *testing.B) {
				ask := e.new(b, rules(n))
				var decide []func() bool
				for i := range 16 {
					bucket := i * 7919 % n
					if bucket%10 == 9 {
						bucket--
					}
					decide = append(decide, ask(question{"jo", "s3:GetObject", bucketName(bucket), "users/jo/photo.jpg", true}))
				}
				b.ReportAllocs()
				i := 0
				for b.Loop() {
					if !decide[i&15]() {
						b.Fatal("denied")
					}
					i++
				}
			})
		}
	}
}
