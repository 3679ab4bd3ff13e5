// Package devices keeps the devices of users: it confirms, shows, updates and forgets them, and gives sign-ins what they
// need to check a device.
//
// A sign-in that names no device gets the keys of a new one with its tokens. Until ConfirmDevice, the keys exist in the
// refresh family of the sign-in only. A device that is forgotten ends the renewals of its families. Access tokens stay valid,
// as in AWS.
//
// It does not run the challenges of a device and does not decide whether a device replaces MFA: see userpool/signin.
//
// Source: AWS, "Working with user devices in your user pool".
package devices
