// Package risk is the configuration of threat protection: what a pool or client does about passwords that are publicly known,
// about sign-ins that do not look like the user's, and at addresses that are always or never refused.
//
// What it does: it checks a configuration and parses its IP ranges.
//
// What it leaves to others: userpool keeps the configuration with the settings of pools and clients, userpool/threat reads it
// and decides.
//
// Source: AWS, SetRiskConfiguration in the cognito-idp API reference.
package risk
