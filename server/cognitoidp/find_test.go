package cognitoidp_test

import (
	"testing"

	"github.com/sluicegate/sluice/api"
	wire "github.com/sluicegate/sluice/api/cognitoidp"
	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/region"
	"github.com/sluicegate/sluice/server/cognitoidp"
	"github.com/sluicegate/sluice/server/rpc"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/idp"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

func TestThreatAReplicaIsNotWrittenByItsResourceName(t *testing.T) {
	regions, err := region.New("us-east-1", "us-west-2", "eu-west-1")
	if err != nil {
		t.Fatal(err)
	}
	h := userpooltest.New(t, func(o *idp.Options) { o.Regions = regions })
	var settings userpool.PoolSettings
	settings.KeyConfiguration = []byte(`{"KeyType": "CUSTOMER_MANAGED_KEY", "KmsKeyArn": "arn:aws:kms:us-east-1:123456789012:key/mrk-0"}`)
	settings.IssuerConfiguration = []byte(`{"Type": "UPDATED"}`)
	p := h.Pool(settings)
	if _, err := h.Replicas.Create(t.Context(), p.ID, "us-west-2", nil); err != nil {
		t.Fatal(err)
	}
	find := cognitoidp.Find(h.Provider, regions)
	for _, tc := range []struct {
		region, operation string
		in                any
		want              fault.Kind
	}{
		{"us-east-1", "TagResource", &wire.TagResourceRequest{ResourceArn: new(h.Pools.ARN("us-east-1", p.ID))}, fault.Internal},
		{"us-west-2", "ListTagsForResource", &wire.ListTagsForResourceRequest{ResourceArn: new(h.Pools.ARN("us-west-2", p.ID))}, fault.Internal},
		{"us-west-2", "TagResource", &wire.TagResourceRequest{ResourceArn: new(h.Pools.ARN("us-west-2", p.ID))}, fault.OperationNotEnabled},
		{"us-west-2", "UntagResource", &wire.UntagResourceRequest{ResourceArn: new(h.Pools.ARN("us-west-2", p.ID))}, fault.OperationNotEnabled},
		{"eu-west-1", "TagResource", &wire.TagResourceRequest{ResourceArn: new(h.Pools.ARN("eu-west-1", p.ID))}, fault.ResourceNotFound},
	} {
		c := &rpc.Call{Operation: &api.Operation{Name: tc.operation}, Input: tc.in}
		if err := find(region.With(t.Context(), tc.region), c); fault.KindOf(err) != tc.want || err != nil && tc.want == fault.Internal {
			t.Errorf("%s in %s: %v", tc.operation, tc.region, err)
		}
	}
}
