package refusal

import (
	"cmp"
	"crypto/rand"
	"encoding/base64"
	"encoding/xml"
	"net/http"
	"strconv"
	"strings"

	"github.com/sluicegate/sluice/authz"
	"github.com/sluicegate/sluice/authz/s3key"
)

// s3Error is how S3 reports a reason. Its statuses differ from those of problem+json: a request without a credential is 403.
type s3Error struct {
	status  int
	code    string
	message string // %s is the refusal's subject
}

const (
	s3Denied      = "Access Denied"
	s3BadToken    = "The provided token is malformed or otherwise invalid."
	s3BadURI      = "Couldn't parse the specified URI."
	s3Unavailable = "Please reduce your request rate."
	s3ShortBody   = "You did not provide the number of bytes specified by the Content-Length HTTP header."
	s3Idle        = "Your socket connection to the server was not read from or written to within the timeout period. Idle connections will be closed."
	s3NotThere    = "A header or query you provided requested a function that is not implemented."
	s3OtherAuth   = "Unsupported Authorization Type"
)

// s3Errors has a row for each authz.Reason but SignatureRefused.
var s3Errors = [...]s3Error{
	authz.NotAllowed:   {403, "AccessDenied", s3Denied},
	authz.Revoked:      {400, "InvalidToken", s3BadToken},
	authz.Unavailable:  {503, "ServiceUnavailable", s3Unavailable},
	authz.UnknownValue: {403, "AccessDenied", s3Denied},
	authz.CrossOrigin:  {403, "AccessDenied", s3Denied},

	authz.TooManyHeaders:  {431, "InvalidRequest", "The request has too many header fields."},
	authz.MalformedMethod: {400, "InvalidURI", s3BadURI},
	authz.MalformedPath:   {400, "InvalidURI", s3BadURI},
	authz.MalformedHost:   {400, "InvalidURI", s3BadURI + " Its host is not an endpoint of this route."},
	authz.MalformedQuery:  {400, "InvalidURI", s3BadURI},
	authz.AmbiguousValue:  {400, "InvalidArgument", "The value of %s is not unique in the request."},
	authz.BodyNotRead:     {501, "NotImplemented", s3NotThere},
	authz.BodyTooLarge:    {400, "MaxMessageLengthExceeded", "Your request was too large."},
	authz.BodyUnreadable:  {400, "IncompleteBody", s3ShortBody},
	authz.BodyTooSlow:     {400, "RequestTimeout", s3Idle},
	authz.TooEarly:        {425, "InvalidRequest", "The request came in early data."},

	authz.NoCredential:          {403, "AccessDenied", s3Denied},
	authz.UnsupportedCredential: {400, "InvalidArgument", s3OtherAuth},
	authz.TooManyCredentials:    {400, "InvalidArgument", "Only one auth mechanism allowed"},
	authz.MalformedCredential:   {400, "InvalidArgument", "Authorization header is invalid"},
	authz.TokenInQuery:          {400, "InvalidArgument", s3OtherAuth},

	authz.TokenExpired:        {400, "InvalidToken", s3BadToken},
	authz.TokenNotYetValid:    {400, "InvalidToken", s3BadToken},
	authz.TokenWrongAudience:  {400, "InvalidToken", s3BadToken},
	authz.TokenWrongUse:       {400, "InvalidToken", s3BadToken},
	authz.TokenTooLarge:       {400, "InvalidToken", s3BadToken},
	authz.TokenMalformed:      {400, "InvalidToken", s3BadToken},
	authz.TokenEncrypted:      {400, "InvalidToken", s3BadToken},
	authz.TokenUnknownIssuer:  {400, "InvalidToken", s3BadToken},
	authz.TokenAlgorithm:      {400, "InvalidToken", s3BadToken},
	authz.TokenCriticalHeader: {400, "InvalidToken", s3BadToken},
	authz.TokenWrongType:      {400, "InvalidToken", s3BadToken},
	authz.TokenUnknownKey:     {400, "InvalidToken", s3BadToken},
	authz.TokenSignature:      {400, "InvalidToken", s3BadToken},
	authz.KeysUnavailable:     {503, "ServiceUnavailable", s3Unavailable},

	authz.UnknownAccessKey:    {403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records."},
	authz.InvalidSessionToken: {400, "InvalidToken", s3BadToken},
	authz.SessionExpired:      {400, "ExpiredToken", "The provided token has expired."},

	authz.UnknownRequest:        {501, "NotImplemented", s3NotThere},
	authz.MethodNotServed:       {405, "MethodNotAllowed", "The specified method is not allowed against this resource."},
	authz.Misplaced:             {400, "InvalidRequest", "There is no such thing as the ?%s sub-resource here"}, // or the refusal's message
	authz.LengthRequired:        {411, "MissingContentLength", "You must provide the Content-Length HTTP header."},
	authz.UploadTooLarge:        {400, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size"},
	authz.Preflight:             {403, "AccessForbidden", "CORSResponse: This CORS request is not allowed."},
	authz.InvalidBucket:         {400, "InvalidBucketName", "The specified bucket is not valid."},
	authz.KeyTooLong:            {400, "KeyTooLongError", "Your key is too long"},
	authz.RepeatedParameter:     {400, "InvalidArgument", "Repeated query string parameter: %s"},
	authz.ConflictingParameters: {400, "InvalidArgument", "Conflicting query string parameters: %s"},
	authz.InvalidListType:       {400, "InvalidArgument", "Invalid List Type"},
	authz.InvalidSelectType:     {400, "InvalidArgument", "Invalid select type"},
	authz.InvalidPrefix:         {400, "InvalidArgument", "Invalid prefix"},
	authz.EmptyVersion:          {400, "InvalidArgument", "Version id cannot be the empty string"},
	authz.UnsignedOverride:      {400, "InvalidRequest", "Request specific response headers cannot be used for anonymous GET requests."},
	authz.InvalidHeader:         {400, "InvalidArgument", "The header %s is not valid here."},
	authz.InvalidValue:          {400, "InvalidArgument", "The value of %s is not valid."},    // or the refusal's message
	authz.InvalidTags:           {400, "InvalidTag", "The tags provided are not valid."},      // or the refusal's message
	authz.TooManyTags:           {400, "BadRequest", "Object tags cannot be greater than 10"}, // or the refusal's message
	authz.InvalidCopySource:     {400, "InvalidArgument", "Copy Source must mention the source bucket and key: sourcebucket/sourcekey"},
	authz.MalformedXML:          {400, "MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema"},
}

// s3Answer is an error of S3 with the elements that only some errors have.
type s3Answer struct {
	s3Error
	facts []s3Fact
	allow string // the methods that a resource has, for a 405; "" = not known
}

// s3Fact is an element next to Code and Message.
type s3Fact struct {
	XMLName xml.Name
	Value   string `xml:",chardata"`
}

func fact(name, value string) s3Fact { return s3Fact{xml.Name{Local: name}, value} }

// s3Of returns S3's answer for a refusal.
func s3Of(refusal *authz.Refusal) s3Answer {
	if refusal.Signature != nil {
		return s3Answer{s3Error: s3SignatureError(refusal.Signature), facts: s3SignatureFacts(refusal.Signature)}
	}
	answer := s3Answer{s3Error: s3Errors[refusal.Reason]}
	answer.message = strings.Replace(answer.message, "%s", refusal.Subject, 1)
	switch refusal.Reason {
	case authz.InvalidBucket, authz.Misplaced:
		if refusal.Detail != refusal.Reason.Sentence() {
			answer.message = refusal.Detail
		}
	case authz.UnknownRequest, authz.MethodNotServed, authz.KeyTooLong, authz.UploadTooLarge, authz.UnsupportedCredential, authz.InvalidCopySource:
		answer.addFacts(refusal)
	case authz.UnknownAccessKey:
		answer.facts = []s3Fact{fact("AWSAccessKeyId", refusal.Subject)}
	case authz.InvalidValue:
		answer.facts = []s3Fact{fact("ArgumentName", refusal.Subject)}
		if refusal.Value != "" {
			answer.facts = append(answer.facts, fact("ArgumentValue", refusal.Value))
		}
		if refusal.Subject == "LocationConstraint" {
			answer.code, answer.facts = "InvalidLocationConstraint", []s3Fact{fact(refusal.Subject, refusal.Value)}
		}
		if refusal.Detail != "" {
			answer.message = refusal.Detail
		}
	case authz.InvalidTags, authz.TooManyTags:
		answer.message = cmp.Or(refusal.Detail, answer.message)
		if refusal.Reason == authz.InvalidTags && refusal.Subject != "" {
			answer.facts = []s3Fact{fact("TagKey", refusal.Subject)}
		}
	default:
	}
	return answer
}

// addFacts adds the elements of errors that have no message of their own. A header that S3 does not know is named without its value,
// and so is Authorization.
func (a *s3Answer) addFacts(refusal *authz.Refusal) {
	add := func(name, value string) {
		if value != "" {
			a.facts = append(a.facts, fact(name, value))
		}
	}
	switch refusal.Reason {
	case authz.UnknownRequest:
		if name, ok := strings.CutPrefix(refusal.Subject, "?"); ok {
			add("additionalMessage", "The query parameter "+name+" is not implemented here")
		} else if name != "" {
			a.message = "A header you provided implies functionality that is not implemented"
			add("Header", name)
			add("additionalMessage", "The header "+name+" is not implemented here")
		}
	case authz.MethodNotServed:
		a.allow = refusal.Value
		add("ResourceType", refusal.Subject) // after Method, which writeS3 knows
	case authz.KeyTooLong:
		add("Size", refusal.Value)
		add("MaxSizeAllowed", strconv.Itoa(s3key.MaxBytes))
	case authz.UploadTooLarge:
		add("ProposedSize", refusal.Subject)
		add("MaxSizeAllowed", refusal.Value)
	case authz.UnsupportedCredential:
		add("ArgumentName", "Authorization")
	default:
		a.message = cmp.Or(strings.TrimSuffix(refusal.Detail, refusal.Reason.Sentence()), a.message)
		add("ArgumentName", refusal.Subject)
		add("ArgumentValue", refusal.Value)
	}
}

// s3Document is the error document of S3: no namespace, no wrapper.
type s3Document struct {
	XMLName   xml.Name `xml:"Error"`
	Code      string
	Message   string
	Facts     []s3Fact
	Resource  string
	RequestID string `xml:"RequestId"`
	HostID    string `xml:"HostId"`
}

// writeS3 answers with an error document. Clients show its ids in their errors and logs; they are random unless there is
// a decision.
func writeS3(w http.ResponseWriter, r *http.Request, answer s3Answer, decisionID string) error {
	document := s3Document{Code: answer.code, Message: answer.message, Facts: answer.facts, Resource: r.URL.Path,
		RequestID: rand.Text()[:16], HostID: base64.StdEncoding.EncodeToString([]byte(rand.Text() + rand.Text()))}
	if decisionID != "" {
		document.RequestID = decisionID
		document.Message += " (decision " + decisionID + ")"
	}
	w.Header().Set("X-Amz-Request-Id", document.RequestID)
	w.Header().Set("X-Amz-Id-2", document.HostID)
	w.Header().Del("WWW-Authenticate")
	if answer.status == http.StatusMethodNotAllowed {
		w.Header().Set("Allow", cmp.Or(answer.allow, "DELETE, GET, HEAD, POST, PUT"))
		document.Facts = append([]s3Fact{fact("Method", r.Method)}, answer.facts...)
	}
	for _, f := range answer.facts {
		if f.XMLName.Local == "Region" { // an answer to HEAD has no other place for it; SDKs sign again for that region
			w.Header().Set("X-Amz-Bucket-Region", f.Value)
		}
	}
	if r.Method == http.MethodHead {
		w.WriteHeader(answer.status) // no body, and no length of one
		return nil
	}
	body, err := xml.Marshal(document)
	if err != nil {
		return err
	}
	return Write(w, answer.status, "application/xml", append([]byte(xml.Header), body...))
}
