package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	_ "github.com/aws/aws-sdk-go" //nolint:staticcheck // SA1019: only the models in the SDK are read; its code, which is deprecated, does not run
)

// target is one API to generate.
type target struct {
	dir     string   // of the model in the SDK, and the overlay's name
	version string   //
	pkg     string   // Go package under api/
	id      string   // IAM's prefix
	about   string   // for the package comment
	broken  string   // the code of a validation error
	only    []string // operations to keep; nil = all
}

var targets = []target{
	{"cognito-idp", "2016-04-18", "cognitoidp", "cognito-idp", "user pools API", "InvalidParameterException", nil},
	{"cognito-identity", "2014-06-30", "cognitoidentity", "cognito-identity", "identity pools API", "ValidationException", nil},
	{"sts", "2011-06-15", "sts", "sts", "Security Token Service", "ValidationError", nil},
	{"iam", "2010-05-08", "iam", "iam", "part of IAM that roles need", "ValidationError", strings.Fields(`
		AddClientIDToOpenIDConnectProvider AddRoleToInstanceProfile AttachRolePolicy CreateInstanceProfile
		CreateOpenIDConnectProvider CreatePolicy CreatePolicyVersion CreateRole DeleteInstanceProfile DeleteOpenIDConnectProvider
		DeletePolicy DeletePolicyVersion DeleteRole DeleteRolePermissionsBoundary DeleteRolePolicy DetachRolePolicy
		GetInstanceProfile GetOpenIDConnectProvider GetPolicy GetPolicyVersion GetRole GetRolePolicy ListAttachedRolePolicies
		ListEntitiesForPolicy ListInstanceProfiles ListInstanceProfilesForRole ListInstanceProfileTags ListOpenIDConnectProviders
		ListOpenIDConnectProviderTags ListPolicies ListPolicyTags ListPolicyVersions ListRolePolicies ListRoles ListRoleTags
		PutRolePermissionsBoundary PutRolePolicy RemoveClientIDFromOpenIDConnectProvider RemoveRoleFromInstanceProfile
		SetDefaultPolicyVersion TagInstanceProfile TagOpenIDConnectProvider TagPolicy TagRole UntagInstanceProfile
		UntagOpenIDConnectProvider UntagPolicy UntagRole UpdateAssumeRolePolicy UpdateOpenIDConnectProviderThumbprint UpdateRole
		UpdateRoleDescription
		CreateSAMLProvider DeleteSAMLProvider GetSAMLProvider ListSAMLProviders ListSAMLProviderTags TagSAMLProvider UntagSAMLProvider
		UpdateSAMLProvider`)},
	{"kms", "2014-11-01", "kms", "kms", "part of the Key Management Service that custom senders need", "ValidationException", strings.Fields(`
		Decrypt GenerateDataKey`)},
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("wiregen: ")
	root := flag.String("root", "../..", "the root of Sluice's source")
	flag.Parse()
	models, err := modelDir()
	if err != nil {
		log.Fatal(err)
	}
	for _, t := range targets {
		if err := t.generate(models, *root); err != nil {
			log.Fatalf("%s: %v", t.dir, err)
		}
	}
}

// modelDir returns the folder of the SDK that holds the models.
func modelDir() (string, error) {
	out, err := exec.Command("go", "mod", "download", "-json", "github.com/aws/aws-sdk-go").Output()
	if err != nil {
		return "", fmt.Errorf("finding aws-sdk-go: %w", err)
	}
	var found struct{ Dir string }
	if err := json.Unmarshal(out, &found); err != nil {
		return "", err
	}
	return filepath.Join(found.Dir, "models", "apis"), nil
}

func (t target) generate(models, root string) error {
	m, err := load(filepath.Join(models, t.dir, t.version, "api-2.json"), filepath.Join("overlay", t.dir+".json"))
	if err != nil {
		return err
	}
	if err := m.prune(t.only); err != nil {
		return err
	}
	g, err := newGenerator(t, m)
	if err != nil {
		return err
	}
	dir := filepath.Join(root, "api", t.pkg)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	old, err := filepath.Glob(filepath.Join(dir, "gen_*.go"))
	if err != nil {
		return err
	}
	for _, file := range old {
		if err := os.Remove(file); err != nil {
			return err
		}
	}
	files, err := g.files()
	if err != nil {
		return err
	}
	for name, source := range files {
		if err := os.WriteFile(filepath.Join(dir, name), source, 0o644); err != nil {
			return err
		}
	}
	log.Printf("%s: %d operations, %d shapes, %d files", t.pkg, len(m.Operations), len(m.Shapes), len(files))
	return nil
}
