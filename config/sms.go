package config

import "strings"

// SMS is the HTTP API of a provider of SMS messages. URL, Headers and Body may have {sms.to}, {sms.text} and {sms.sender}.
type SMS struct {
	// URL receives a request for each message.
	URL string `json:"url"`
	// Method is "POST" (default), "PUT" or "GET".
	Method string `json:"method,omitempty"`
	// Headers are the headers of the requests. Use placeholders such as {env.SMS_KEY} for secrets.
	Headers []Header `json:"headers,omitempty"`
	// Body is JSON, a form or XML, as the header Content-Type says. Without that header it is JSON if it begins with a brace or
	// bracket, else a form.
	Body string `json:"body,omitempty"`
	// Username and Password authenticate with HTTP basic authentication.
	Username string `json:"username,omitempty"`
	Password string `json:"password,omitempty"`
	// SigV4 signs the requests for an AWS service.
	SigV4 *SMSSignature `json:"sigv4,omitempty"`
	// Sender is the value of {sms.sender}.
	Sender string `json:"sender,omitempty"`
	// Timeout limits the time of one request. Default 10s.
	Timeout Duration `json:"timeout,omitempty"`
}

// SMSSignature is the AWS Signature Version 4 of requests.
type SMSSignature struct {
	// Service and Region are those of the signature's scope, such as sns and us-east-1.
	Service string `json:"service"`
	Region  string `json:"region"`
	// AccessKey and SecretKey are the caller's.
	AccessKey string `json:"access_key"`
	SecretKey string `json:"secret_key"`
}

// validate checks what does not depend on the values of placeholders; message.NewProvider checks the rest.
func (s *SMS) validate(v *validator) {
	if !strings.Contains(s.URL, "://") && !strings.HasPrefix(s.URL, "{") {
		v.add("sms", "%q is not a URL; write one such as https://sms.example.com/send", s.URL)
	}
	all := s.URL + s.Body
	for _, h := range s.Headers {
		all += h.Value
	}
	if !strings.Contains(all, "{sms.to}") || !strings.Contains(all, "{sms.text}") {
		v.add("sms", "the request has no {sms.to} or no {sms.text}; put both into the body")
	}
	v.oneOf("sms: method", s.Method, "POST", "PUT", "GET")
	if (s.Username == "") != (s.Password == "") {
		v.add("sms", "basic_auth needs a user and a password")
	}
}
