// Package samples lists every page of server/login/pages in every state. Tests render them, and the gallery shows them.
//
// It does not render them, and nothing that serves users imports it.
package samples
