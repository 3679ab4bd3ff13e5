package region_test

import (
	"strings"
	"testing"

	"github.com/sluicegate/sluice/region"
)

func TestNames(t *testing.T) {
	for _, good := range []string{"us-east-1", "us-gov-west-1", "us-isob-east-1", "eusc-de-east-1", "ap-southeast-10"} {
		if !region.IsName(good) {
			t.Errorf("%q is no region", good)
		}
	}
	for _, bad := range []string{"", "any", "us-east", "u-east-1", "US-east-1", "us-east-1a", "us--1", "-east-1", "us-1", "us-east-", "us-east-1\n",
		"us_east-1", "us-ea/st-1", strings.Repeat("a", 24) + "-east-1234", "2us-east-1", "us-e4st-1", "*"} {
		if region.IsName(bad) {
			t.Errorf("%q is a region", bad)
		}
	}
}

func set(t *testing.T, names ...string) region.Set {
	t.Helper()
	s, err := region.New(names[0], names[1:]...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestACallFindsTheResourcesOfItsRegion(t *testing.T) {
	const east, west = "us-east-1", "us-west-2"
	for name, tc := range map[string]struct {
		set            region.Set
		called, id     string
		serves, finds  bool
		of, calledWith string
	}{
		"one region has everything":                  {set(t, east), west, west + "_a", true, true, east, east},
		"one region, another id":                     {set(t, east), "", "eu-west-1_a", true, true, east, east},
		"the call's region":                          {set(t, east, west), west, west + "_a", true, true, west, west},
		"another region":                             {set(t, east, west), east, west + "_a", true, false, west, east},
		"an unsigned call":                           {set(t, east, west), "", west + "_a", true, true, west, east},
		"a region that is not configured":            {set(t, east, west), "", "eu-west-1_a", false, false, "eu-west-1", east},
		"not configured, and called":                 {set(t, east, west), "eu-west-1", "eu-west-1_a", false, false, "eu-west-1", "eu-west-1"},
		"any region":                                 {set(t, east, region.Any), "eu-west-1", "eu-west-1:a", true, true, "eu-west-1", "eu-west-1"},
		"any region, but another":                    {set(t, east, region.Any), "eu-west-1", "eu-west-2:a", true, false, "eu-west-2", "eu-west-1"},
		"any takes no text that is no region's name": {set(t, east, region.Any), "", "nowhere_a", false, false, "nowhere", east},
		"an id without a region":                     {set(t, east, west), "", "a", false, false, "", east},
	} {
		t.Run(name, func(t *testing.T) {
			ctx := t.Context()
			if tc.called != "" {
				ctx = region.With(ctx, tc.called)
			}
			if s := tc.set; s.Serves(tc.id) != tc.serves || s.Finds(ctx, tc.id) != tc.finds || s.Of(tc.id) != tc.of || s.Called(ctx) != tc.calledWith {
				t.Errorf("serves %t, finds %t, of %q, called %q", s.Serves(tc.id), s.Finds(ctx, tc.id), s.Of(tc.id), s.Called(ctx))
			}
		})
	}
}

func TestASetRefusesWhatIsNoRegion(t *testing.T) {
	for problem, names := range map[string][]string{
		`"Frankfurt" is not a region`: {"Frankfurt"}, "named twice": {"us-east-1", "us-east-1"}, "write it last": {"us-east-1", "any", "us-west-2"}, `"any" means`: {"any"}, `"" is not`: {""},
	} {
		if s, err := region.New(names[0], names[1:]...); err == nil || !strings.Contains(err.Error(), problem) || !s.IsZero() {
			t.Errorf("%q: %v, want %q", names, err, problem)
		}
	}
	if s := (region.Set{}); s.First() != "" || s.Has("us-east-1") {
		t.Error("the zero Set has a region")
	}
}
