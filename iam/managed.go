package iam

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"strings"
	"time"

	"github.com/sluicegate/sluice/authz/policy"
	"github.com/sluicegate/sluice/store"
)

// ARNs of built-in managed policies.
const (
	// GuestManagedPolicy is the managed policy that limits guests in the enhanced flow.
	GuestManagedPolicy = "arn:aws:iam::aws:policy/AmazonCognitoUnAuthedIdentitiesSessionPolicy"
	// GuestInlinePolicy names the inline policy that limits them too, so that a session token need not contain its text.
	GuestInlinePolicy = "arn:aws:iam::aws:policy/sluice/CognitoGuestInlineSessionPolicy"
	// federatedUserPolicy limits the sessions of GetFederationToken. It allows nothing, so a session without session policies has
	// no permissions.
	federatedUserPolicy = "arn:aws:iam::aws:policy/sluice/FederatedUserLimits"
)

// guestLimits are the session policies of guests in the order of GuestPolicies.
var guestLimits = []string{GuestInlinePolicy, GuestManagedPolicy}

// The paths of the built-in policies.
const (
	awsPolicies = "arn:aws:iam::aws:policy/"
	ownPolicies = awsPolicies + "sluice/" // Sluice's own
)

// GuestPolicies returns the ARNs of the session policies that limit guests in the enhanced flow. A guest may do what one of them
// and the role allow.
func GuestPolicies() []string { return []string{GuestInlinePolicy, GuestManagedPolicy} }

// awsManaged are the built-in policies by ARN.
var awsManaged = map[string]*managed{
	// Identity pools developer guide, "IAM roles", access policies for unauthenticated identities; version 4 of the policy.
	GuestManagedPolicy: builtIn(GuestManagedPolicy, `{"Version":"2012-10-17","Statement":[{"Sid":"CognitoUnAuthedIdentitiesSessionPolicy",
		"Effect":"Allow","Resource":"*","Action":["rum:PutRumEvents","sagemaker:InvokeEndpoint","polly:*","comprehend:*","translate:*",
		"transcribe:*","rekognition:*","mobiletargeting:*","firehose:*","personalize:*","geo:GetMap*","geo:ListMaps",
		"geo:SearchPlaceIndex*","geo:GetPlace","geo:CalculateRoute*","geo:*Geofence","geo:*Geofences","geo:*DevicePosition*",
		"kms:Encrypt","kms:Decrypt","kms:ReEncryptTo","kms:ReEncryptFrom","kms:GenerateDataKey","kms:GenerateDataKeyPair",
		"kms:GenerateDataKeyPairWithoutPlaintext","kms:GenerateDataKeyWithoutPlaintext"]}]}`),
	GuestInlinePolicy: builtIn(GuestInlinePolicy, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Resource":"*","Action":[
		"cloudwatch:*","logs:*","dynamodb:*","kinesis:*","mobileanalytics:*","s3:*","ses:*","sns:*","sqs:*","lambda:*",
		"machinelearning:*","execute-api:*","iot:*","gamelift:*","cognito-identity:*","cognito-idp:*","cognito-sync:*","lex:*",
		"polly:*","comprehend:*","translate:*","transcribe:*","rekognition:*","mobiletargeting:*","firehose:*","appsync:*",
		"personalize:*","codewhisperer:*","sdb:*","sagemaker:InvokeEndpoint","textract:DetectDocumentText",
		"textract:AnalyzeDocument"]}]}`),
	// STS API reference, GetFederationToken: no IAM operation, and of STS only GetCallerIdentity, which no policy refuses.
	federatedUserPolicy: builtIn(federatedUserPolicy,
		`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":["iam:*","sts:*"],"Resource":"*"}]}`),
}

// attachable are AWS's managed policies that roles can have, by the ARN's part after awsPolicies. Their documents are public; IAM user
// guide, "AWS managed policies".
var attachable = map[string]struct{ description, document string }{
	"AdministratorAccess": {"Provides full access to AWS services and resources.",
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`},
	"AWSDenyAll": {"Deny all access.",
		`{"Version":"2012-10-17","Statement":[{"Sid":"DenyAll","Effect":"Deny","Action":["*"],"Resource":"*"}]}`},
	"AmazonCognitoDeveloperAuthenticatedIdentities": {"Provides access to Amazon Cognito APIs to support developer authenticated identities from your authentication backend.",
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":[
		"cognito-identity:GetOpenIdTokenForDeveloperIdentity","cognito-identity:LookupDeveloperIdentity",
		"cognito-identity:MergeDeveloperIdentities","cognito-identity:UnlinkDeveloperIdentity"],"Resource":"*"}]}`},
	"AmazonCognitoUnauthenticatedIdentities": {"",
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["rum:PutRumEvents"],"Resource":"*"}]}`},
	"AmazonS3FullAccess": {"Provides full access to all buckets via the AWS Management Console.",
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:*","s3-object-lambda:*"],"Resource":"*"}]}`},
	"AmazonS3ReadOnlyAccess": {"Provides read only access to all buckets via the AWS Management Console.",
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:Get*","s3:List*","s3:Describe*",
		"s3-object-lambda:Get*","s3-object-lambda:List*"],"Resource":"*"}]}`},
	"IAMReadOnlyAccess": {"Provides read only access to IAM via the AWS Management Console.",
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:GenerateCredentialReport",
		"iam:GenerateServiceLastAccessedDetails","iam:Get*","iam:List*","iam:SimulateCustomPolicy","iam:SimulatePrincipalPolicy"],
		"Resource":"*"}]}`},
	"IAMUserChangePassword": {"Provides the ability for an IAM user to change their own password.",
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:ChangePassword"],
		"Resource":["arn:aws:iam::*:user/${aws:username}"]},{"Effect":"Allow","Action":["iam:GetAccountPasswordPolicy"],"Resource":"*"}]}`},
	"service-role/AWSLambdaBasicExecutionRole": {"Provides write permissions to CloudWatch Logs.",
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["logs:CreateLogGroup",
		"logs:CreateLogStream","logs:PutLogEvents"],"Resource":"*"}]}`},
}

func init() {
	for name, p := range attachable {
		m := builtIn(awsPolicies+name, p.document)
		m.record.Description = p.description
		awsManaged[awsPolicies+name] = m
	}
}

// guestSet is the SessionSet of guestLimits, the most frequent one, compiled once.
var guestSet = policy.Compile(
	policy.Source{Name: "session policy " + GuestInlinePolicy, Document: awsManaged[GuestInlinePolicy].document},
	policy.Source{Name: "session policy " + GuestManagedPolicy, Document: awsManaged[GuestManagedPolicy].document})

// rootSession is the policy of a session of the root user. STS API reference, GetSessionToken: no IAM operation without
// MFA, and of STS only AssumeRole and GetCallerIdentity.
var rootSession = []*policy.Set{mustCompile("root session", `{"Version":"2012-10-17","Statement":[
	{"Effect":"Allow","NotAction":["iam:*","sts:*"],"Resource":"*"},
	{"Effect":"Allow","Action":["sts:AssumeRole","sts:TagSession","sts:SetSourceIdentity","sts:GetCallerIdentity"],
		"Resource":"*"}]}`)}

// builtInAt is the time of creation that built-in policies show: that of AWS's first ones.
var builtInAt = time.Date(2015, 2, 6, 18, 39, 46, 0, time.UTC)

// builtIn returns a managed policy of this package. Its id is made of the ARN, so that it is the same in every process.
func builtIn(arn, text string) *managed {
	document, err := policy.Parse([]byte(text), policy.Identity)
	if err != nil {
		panic("iam: " + arn + ": " + err.Error())
	}
	sum, name := sha256.Sum256([]byte(arn)), roleName(arn)
	return &managed{
		record: store.Policy{
			ARN: arn, ID: "ANPA" + base32.StdEncoding.EncodeToString(sum[:])[:17], Name: name, Path: strings.TrimSuffix(arn[len(awsPolicies)-1:], name),
			Document: json.RawMessage(text), Version: "v1", CreatedAt: builtInAt, ModifiedAt: builtInAt,
		},
		document: document, set: policy.Compile(policy.Source{Name: arn, Document: document}),
	}
}
