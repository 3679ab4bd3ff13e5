package replicas_test

import (
	"maps"
	"strconv"
	"testing"

	"github.com/sluicegate/sluice/fault"
	"github.com/sluicegate/sluice/region"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/idp"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

const (
	east = "us-east-1"
	west = "us-west-2"
)

// replicable are the settings of a pool that can have a replica.
func replicable() userpool.PoolSettings {
	var s userpool.PoolSettings
	s.KeyConfiguration = []byte(`{"KeyType": "CUSTOMER_MANAGED_KEY", "KmsKeyArn": "arn:aws:kms:us-east-1:123456789012:key/mrk-00000000000000000000000000000000"}`)
	s.IssuerConfiguration = []byte(`{"Type": "UPDATED"}`)
	return s
}

func TestAReplicaIsFoundInItsRegionOnly(t *testing.T) {
	regions, err := region.New(east, west, "eu-west-1")
	if err != nil {
		t.Fatal(err)
	}
	h := userpooltest.New(t, func(o *idp.Options) { o.Regions = regions })
	p := h.Pool(replicable())
	inWest, inEurope := region.With(t.Context(), west), region.With(t.Context(), "eu-west-1")
	if _, err := h.Pools.Pool(inWest, p.ID); !fault.Is(err, fault.ResourceNotFound) {
		t.Errorf("before: %v", err)
	}
	if _, err := h.Replicas.Create(t.Context(), p.ID, west, map[string]string{"a": "b"}); err != nil {
		t.Fatal(err)
	}
	there, err := h.Pools.DescribeUserPool(inWest, p.ID)
	if err != nil || there.ARN != "arn:aws:cognito-idp:us-west-2:123456789012:userpool/"+p.ID {
		t.Errorf("described as %+v, %v", there, err)
	}
	if here, err := h.Pools.DescribeUserPool(t.Context(), p.ID); err != nil || here.ARN != p.ARN {
		t.Errorf("the pool is %+v, %v", here, err)
	}
	if err := h.Pools.Find(inEurope, p.ID); !fault.Is(err, fault.ResourceNotFound) {
		t.Errorf("in a third region: %v", err)
	}
	for _, tc := range []struct {
		operation            string
		inactive, active, at bool // in the replica while inactive and active, and in the pool itself
	}{
		{"DescribeUserPool", true, true, true},
		{"AdminGetUser", true, true, true},
		{"AdminInitiateAuth", false, true, true},
		{"AdminCreateUser", false, false, true},
		{"UpdateUserPool", false, false, true},
		{"DeleteUserPoolReplica", false, false, true},
		{"UpdateUserPoolReplica", true, true, true},
	} {
		for _, status := range []string{"INACTIVE", "ACTIVE"} {
			if _, err := h.Replicas.Update(t.Context(), p.ID, west, status); err != nil {
				t.Fatal(err)
			}
			err, want := h.Replicas.May(inWest, p.ID, tc.operation), status == "ACTIVE" && tc.active || status == "INACTIVE" && tc.inactive
			if err == nil != want || err != nil && !fault.Is(err, fault.OperationNotEnabled) {
				t.Errorf("%s in an %s replica: %v", tc.operation, status, err)
			}
		}
		if err := h.Replicas.May(region.With(t.Context(), east), p.ID, tc.operation); err == nil != tc.at {
			t.Errorf("%s in the pool: %v", tc.operation, err)
		}
	}
}

// The tags of a replica are its own, in its region and in that of the pool.
func TestAReplicaHasTagsOfItsOwn(t *testing.T) {
	regions, err := region.New(east, west)
	if err != nil {
		t.Fatal(err)
	}
	h := userpooltest.New(t, func(o *idp.Options) { o.Regions = regions })
	s := replicable()
	s.UserPoolTags = map[string]string{"a": "pool"}
	p := h.Pool(s)
	if _, err := h.Replicas.Create(t.Context(), p.ID, west, map[string]string{"a": "replica"}); err != nil {
		t.Fatal(err)
	}
	arn := h.Pools.ARN(west, p.ID)
	if err := h.Replicas.Retag(t.Context(), p.ID, arn, func(tags map[string]string) { tags["b"] = "more" }); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"a": "replica", "b": "more"}
	if tags, found, err := h.Replicas.Tags(t.Context(), p.ID, arn); err != nil || !found || !maps.Equal(tags, want) {
		t.Error(tags, found, err)
	}
	if there, err := h.Pools.DescribeUserPool(region.With(t.Context(), west), p.ID); err != nil || !maps.Equal(there.Settings.UserPoolTags, want) {
		t.Error(there.Settings.UserPoolTags, err)
	}
	if here, err := h.Pools.DescribeUserPool(t.Context(), p.ID); err != nil || here.Settings.UserPoolTags["a"] != "pool" {
		t.Error(here.Settings.UserPoolTags, err)
	}
	if _, found, err := h.Replicas.Tags(t.Context(), p.ID, p.ARN); err != nil || found {
		t.Error("the pool is its own replica:", err)
	}
	many := func(tags map[string]string) {
		for i := range 51 {
			tags[strconv.Itoa(i)] = "x"
		}
	}
	if err := h.Replicas.Retag(t.Context(), p.ID, arn, many); !fault.Is(err, fault.InvalidParameter) {
		t.Error("too many tags:", err)
	}
	if err := h.Replicas.Retag(t.Context(), p.ID, h.Pools.ARN("eu-west-1", p.ID), func(map[string]string) {}); !fault.Is(err, fault.ResourceNotFound) {
		t.Error("no replica:", err)
	}
}

func TestPoolsThatCannotHaveReplicas(t *testing.T) {
	h := userpooltest.New(t)
	lite, plain := replicable(), userpool.PoolSettings{}
	lite.UserPoolTier = "LITE"
	for name, tc := range map[string]struct {
		settings userpool.PoolSettings
		region   string
		want     fault.Kind
	}{
		"the tier LITE":  {lite, west, fault.FeatureUnavailableInTier},
		"AWS's key":      {plain, west, fault.OperationNotEnabled},
		"its own region": {replicable(), east, fault.InvalidParameter},
		"no region":      {replicable(), "Oregon", fault.InvalidParameter},
	} {
		if _, err := h.Replicas.Create(t.Context(), h.Pool(tc.settings).ID, tc.region, nil); !fault.Is(err, tc.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	s := replicable()
	s.IssuerConfiguration = nil // TestAccCognitoIDPUserPoolReplica_basic of terraform-provider-aws needs none
	p := h.Pool(s)
	if _, err := h.Replicas.Create(t.Context(), p.ID, west, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Replicas.Create(t.Context(), p.ID, "eu-west-1", nil); !fault.Is(err, fault.LimitExceeded) {
		t.Errorf("a second replica: %v", err)
	}
	if err := h.Pools.UpdateUserPool(t.Context(), p.ID, "", userpool.PoolSettings{}); err != nil {
		t.Fatal(err)
	}
	if list, err := h.Replicas.List(t.Context(), p.ID); err != nil || len(list) != 2 || list[0].Role != "PRIMARY" || list[1].Role != "SECONDARY" {
		t.Errorf("replicas %v, %v", list, err)
	}
	if _, err := h.Replicas.Update(t.Context(), p.ID, west, "ACTIVE"); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Replicas.Delete(t.Context(), p.ID, west); !fault.Is(err, fault.InvalidParameter) {
		t.Errorf("an active replica: %v", err)
	}
}
