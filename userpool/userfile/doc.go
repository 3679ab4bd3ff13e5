// Package userfile reads files with users: Cognito's CSV, JSON lines, and the exports of Auth0, Firebase and Keycloak.
//
// A Reader returns one Row for each user, with the entry for package importer or with the reason why it has none. It keeps one
// user in memory, regardless of the size of the file. An error of a row never contains its content.
//
// It does not write users (userpool/importer) and does not know the format of Sluice's own archives (userpool/archive).
//
// Source: the Amazon Cognito developer guide of November 2026, "Importing users from a CSV file"; the documentation of the exports
// of Auth0 (bulk user export, password hashes), Firebase (auth:export) and Keycloak (realm export).
package userfile
