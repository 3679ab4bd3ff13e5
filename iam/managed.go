package iam

import (
	"github.com/sluicegate/sluice/authz/policy"
)

// ARNs of managed policies that sessions and roles may name without anybody having made them.
const (
	// GuestManagedPolicy is the managed half of the limits on guests in the enhanced flow.
	GuestManagedPolicy = "arn:aws:iam::aws:policy/AmazonCognitoUnAuthedIdentitiesSessionPolicy"
	// GuestInlinePolicy is the inline half, by a name of Sluice's, so that a session token need not carry its text.
	GuestInlinePolicy = "arn:aws:iam::aws:policy/sluice/CognitoGuestInlineSessionPolicy"
	// federatedUserPolicy limits the sessions of GetFederationToken and, allowing nothing, leaves one that was given no
	// session policy without any right.
	federatedUserPolicy = "arn:aws:iam::aws:policy/sluice/FederatedUserLimits"
)

// guestLimits are the session policies of guests, in the order in which GuestPolicies gives them.
var guestLimits = []string{GuestInlinePolicy, GuestManagedPolicy}

// GuestPolicies returns the ARNs of the session policies that limit guests in the enhanced flow; they unite with each
// other and intersect with the role.
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
	"arn:aws:iam::aws:policy/AmazonCognitoUnauthenticatedIdentities": builtIn("AmazonCognitoUnauthenticatedIdentities",
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["rum:PutRumEvents"],"Resource":"*"}]}`),
	"arn:aws:iam::aws:policy/AdministratorAccess": builtIn("AdministratorAccess",
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`),
	// STS API reference, GetFederationToken: no IAM operation, and of STS only GetCallerIdentity, which no policy refuses.
	federatedUserPolicy: builtIn(federatedUserPolicy,
		`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":["iam:*","sts:*"],"Resource":"*"}]}`),
}

// guestSet is SessionSet of guestLimits: the commonest session policies are compiled once.
var guestSet = policy.Compile(
	policy.Source{Name: "session policy " + GuestInlinePolicy, Document: awsManaged[GuestInlinePolicy].document},
	policy.Source{Name: "session policy " + GuestManagedPolicy, Document: awsManaged[GuestManagedPolicy].document})

// rootSession is what a session of the root user may do. STS API reference, GetSessionToken: no IAM operation without
// MFA, and of STS only AssumeRole and GetCallerIdentity.
var rootSession = []*policy.Set{mustCompile("root session", `{"Version":"2012-10-17","Statement":[
	{"Effect":"Allow","NotAction":["iam:*","sts:*"],"Resource":"*"},
	{"Effect":"Allow","Action":["sts:AssumeRole","sts:TagSession","sts:SetSourceIdentity","sts:GetCallerIdentity"],
		"Resource":"*"}]}`)}

func builtIn(name, text string) *managed {
	document, err := policy.Parse([]byte(text), policy.Identity)
	if err != nil {
		panic("iam: " + name + ": " + err.Error())
	}
	return &managed{document: document, set: policy.Compile(policy.Source{Name: name, Document: document})}
}
