// Package threat is the threat protection of user pools.
//
// What it does: it keeps the history of a user's sign-ins and the feedback on it, finds passwords that are publicly known,
// compares a sign-in with the earlier ones of the user, sets the risk configuration of a pool or client and says what it demands.
// A pool without threat protection costs nothing here.
//
// What it leaves to others: risk checks the configuration, userpool keeps it with the settings, signin and
// directory act on the decisions and report the events, breach looks passwords up.
//
// Source: AWS, "Advanced security with threat protection"; the operations on risk configurations and auth events.
package threat
