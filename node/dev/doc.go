// Package dev runs Sluice for development: `sluice dev`, and the server of package sluicetest.
//
// Start serves the APIs, the login pages and a sample API on this machine, without any configuration and with a public administrator's
// key. A seed file can add users, groups, app clients, roles and pools. A mailbox at /.dev/mail shows the messages and codes that users
// get. The server is the node that production runs; everything that differs is in this package, so no production configuration can enable
// it.
//
// It does not implement the APIs (node), write the outbox (message), or create declared users (userpool/directory).
//
// Source: docs/dev.md.
package dev
