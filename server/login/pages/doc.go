// Package pages renders the pages of managed login: sign-in, sign-up, challenges, account pages and errors.
//
// Every page is a struct. A Renderer writes it as HTML in the user's language and in the style of the client, with the headers
// that protect it. Forms follow one pattern, which works without scripts:
//
//   - A form is sent with POST to Frame.Path below Frame.Base, with Frame.Query. Its hidden fields are _csrf (Frame.CSRF) and action,
//     which says what the user wants. The comment of each page names its actions and their fields.
//   - Links lead to other pages below Frame.Base with the same query.
//   - The script adds what HTML cannot do: passkeys, password rules while typing, the button that shows the password.
//
// It does not read forms, decide which page comes next, or make tokens, cookies or links that prove anything (server/login). It does
// not know how brandings are stored (userpool/branding).
//
// Source: the pages of Cognito's managed login and classic hosted UI; WCAG 2.2; the HTML standard's autocomplete values.
package pages
