// Package logs delivers what happens in user pools to destinations outside: messages that could not be sent, and, with threat
// protection, the sign-ins and other activity of users.
//
// Service keeps the log configurations of pools and makes AWS's records of events. Delivery carries records to the files and URLs that
// the operator has given for the ARNs of log groups, Firehose streams and buckets. It never blocks: each destination has a queue of
// fixed length, and what does not fit is dropped and counted.
//
// It does not decide what an event is (userpool/threat, message/queue).
//
// Source: SetLogDeliveryConfiguration in the cognito-idp API reference, and "Exporting logs from Amazon Cognito user pools" in the
// developer guide, November 2026.
package logs
