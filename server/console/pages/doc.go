// Package pages renders the pages of the web console.
//
// A page is a list of sections: facts, tables, texts, forms, and the editor of policies. A Renderer writes it as HTML with the headers that
// protect it. Everything works without scripts; the script checks a policy while it is typed. Every text is a text to the templates,
// which escape it: the console shows names and attributes that untrusted users chose.
//
// It leaves what the pages say, and what forms do, to server/console.
//
// Sources: WCAG 2.2; the HTML standard; Content Security Policy Level 3.
package pages
