package deploycheck

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"testing"
	"time"

	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	disruption "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
	"sigs.k8s.io/yaml"
)

// objects parses a file strictly: unknown and repeated fields are mistakes.
func objects(t *testing.T, file string) map[string]any {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "deploy", "kubernetes", file))
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]func() any{
		"v1/Namespace": func() any { return new(core.Namespace) }, "v1/ServiceAccount": func() any { return new(core.ServiceAccount) },
		"v1/ConfigMap": func() any { return new(core.ConfigMap) }, "v1/Secret": func() any { return new(core.Secret) },
		"v1/Service": func() any { return new(core.Service) }, "apps/v1/Deployment": func() any { return new(apps.Deployment) },
		"policy/v1/PodDisruptionBudget":      func() any { return new(disruption.PodDisruptionBudget) },
		"networking.k8s.io/v1/NetworkPolicy": func() any { return new(networking.NetworkPolicy) },
	}
	found := map[string]any{}
	for _, document := range bytes.Split(text, []byte("\n---\n")) {
		var head metav1.TypeMeta
		if err := yaml.Unmarshal(document, &head); err != nil {
			t.Fatalf("%s: %v\n%s", file, err, document)
		}
		build := kinds[head.APIVersion+"/"+head.Kind]
		if build == nil {
			t.Errorf("%s: no type is known for %s %s", file, head.APIVersion, head.Kind)
			continue
		}
		object := build()
		if err := yaml.UnmarshalStrict(document, object); err != nil {
			t.Errorf("%s: %s: %v", file, head.Kind, err)
		}
		found[head.Kind] = object
	}
	return found
}

func TestManifestsParseAndFitTogether(t *testing.T) {
	all := objects(t, "sluice.yaml")
	secret := objects(t, "secret.example.yaml")["Secret"].(*core.Secret)
	deployment := all["Deployment"].(*apps.Deployment)
	pod := deployment.Spec.Template
	for what, selector := range map[string]map[string]string{
		"the deployment": deployment.Spec.Selector.MatchLabels,
		"the service":    all["Service"].(*core.Service).Spec.Selector,
		"the budget":     all["PodDisruptionBudget"].(*disruption.PodDisruptionBudget).Spec.Selector.MatchLabels,
		"the policy":     all["NetworkPolicy"].(*networking.NetworkPolicy).Spec.PodSelector.MatchLabels,
	} {
		for name, value := range selector {
			if pod.Labels[name] != value {
				t.Errorf("%s selects %s=%s, which pods do not have", what, name, value)
			}
		}
	}
	container := pod.Spec.Containers[0]
	ports := []string{}
	for _, p := range container.Ports {
		ports = append(ports, p.Name)
	}
	for _, p := range all["Service"].(*core.Service).Spec.Ports {
		if !slices.Contains(ports, p.TargetPort.StrVal) {
			t.Errorf("the service sends to the port %v, which pods do not have", p.TargetPort)
		}
	}
	for _, e := range container.Env {
		if _, ok := secret.StringData[filepath.Base(e.Value)]; !ok {
			t.Errorf("%s is %s, which the secret does not have", e.Name, e.Value)
		}
	}
	if grace := time.Duration(*pod.Spec.TerminationGracePeriodSeconds) * time.Second; grace < 50*time.Second {
		t.Errorf("pods are killed after %v; shutdown_delay and grace_period take 45 s", grace)
	}
	if got := container.ReadinessProbe.HTTPGet.Path + container.LivenessProbe.HTTPGet.Path; got != "/readyz/livez" {
		t.Errorf("the probes ask %s", got)
	}
}

func TestPodsAreRestricted(t *testing.T) {
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks())
	if err != nil {
		t.Fatal(err)
	}
	pod := objects(t, "sluice.yaml")["Deployment"].(*apps.Deployment).Spec.Template
	results := evaluator.EvaluatePod(api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}, &pod.ObjectMeta, &pod.Spec)
	if len(results) == 0 {
		t.Fatal("nothing was judged")
	}
	for _, r := range results {
		if !r.Allowed {
			t.Errorf("%s: %s", r.ForbiddenReason, r.ForbiddenDetail)
		}
	}
}

// A pod whose volume is full is evicted.
func TestUploadsFitIntoTheVolumeOfAPod(t *testing.T) {
	all := objects(t, "sluice.yaml")
	m := regexp.MustCompile(`(?m)^\s*upload_space (\d+)GiB$`).FindStringSubmatch(all["ConfigMap"].(*core.ConfigMap).Data["Caddyfile"])
	if m == nil {
		t.Fatal("the Caddyfile has no upload_space in GiB, and the default is 50 GiB")
	}
	space, err := strconv.ParseInt(m[1], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range all["Deployment"].(*apps.Deployment).Spec.Template.Spec.Volumes {
		if v.Name == "data" {
			if size := v.EmptyDir.SizeLimit.Value(); space<<30 >= size {
				t.Errorf("uploads may take %d GiB of %s", space, v.EmptyDir.SizeLimit)
			}
			return
		}
	}
	t.Error("pods have no volume data")
}
