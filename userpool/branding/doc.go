// Package branding keeps how the login pages of app clients look.
//
// Service creates, changes and deletes the styles of managed login, each with its settings and images, and the classic
// customization of CSS and logo. It refuses settings, style sheets and images that could do more than change how a page looks.
// StyleFor turns the stored settings into a Style: rules of CSS, paths of images, and options for the pages.
//
// It does not write pages (server/login), serve style sheets and images (server/brand), or decide which version of the pages a
// domain has (userpool/domains).
//
// Source: the cognito-idp API reference and the chapters on managed login and hosted UI branding of the Amazon Cognito developer
// guide, November 2026. The names of settings are those of an AWS CLI example; docs/managed-login.md lists them with their effect.
package branding
